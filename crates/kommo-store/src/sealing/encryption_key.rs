//! Keys for what is stored: one to write with, and older ones that can still read.

use core::{error, fmt};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Digits of a key in its file.
const KEY_DIGITS: usize = 64;

/// Why a text is not an encryption key. Reveals nothing of the text but a length or a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncryptionKeyError {
    /// Not 64 hex digits long, line ends at the end aside.
    Length {
        /// The length found, in bytes.
        found: usize,
    },
    /// A byte that is not a hex digit.
    Digit {
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// Every byte is the same: probably a placeholder.
    Uniform,
    /// The same key is repeated in a ring.
    Twice,
    /// The operating system returned no random bytes.
    NoRandomness,
}

impl fmt::Display for EncryptionKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found } => {
                write!(
                    f,
                    "encryption key has {found} bytes, not {KEY_DIGITS} hex digits"
                )
            }
            Self::Digit { offset } => {
                write!(
                    f,
                    "encryption key has a byte at {offset} that is not a hex digit"
                )
            }
            Self::Uniform => f.write_str("encryption key is one byte repeated"),
            Self::Twice => f.write_str("encryption key is in the ring twice"),
            Self::NoRandomness => f.write_str("operating system returned no random bytes"),
        }
    }
}

impl error::Error for EncryptionKeyError {}

/// Names an encryption key: eight bytes made of it by a one-way function. Not secret. `Display`
/// writes 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    pub(crate) const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A key of 32 bytes, for XChaCha20-Poly1305. Wiped on drop; `Debug` shows its id.
///
/// # Examples
///
/// ```
/// # use kommo_store::{EncryptionKey, EncryptionKeyError};
/// let key = EncryptionKey::parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n")?;
/// assert_eq!(key.id().to_string().len(), 16);
/// assert_eq!(EncryptionKey::parse("00").unwrap_err(), EncryptionKeyError::Length { found: 2 });
/// # Ok::<(), EncryptionKeyError>(())
/// ```
#[derive(Clone)]
pub struct EncryptionKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl EncryptionKey {
    /// Takes 32 bytes, which must be random.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let mut hash = Sha256::new();
        hash.update(b"kommo-store key id\0");
        hash.update(bytes.as_slice());
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
        Self {
            id: KeyId([a, b, c, d, e, f, g, h]),
            bytes,
        }
    }

    /// Reads a key file: 64 hex digits of either case, and line ends after them. Never panics.
    ///
    /// # Errors
    ///
    /// - `"00"`: [`EncryptionKeyError::Length`].
    /// - 64 bytes, one of them `g`: [`EncryptionKeyError::Digit`], with its offset.
    /// - 64 times `0`: [`EncryptionKeyError::Uniform`].
    pub fn parse(text: &str) -> Result<Self, EncryptionKeyError> {
        let digits = text.trim_end_matches(['\r', '\n']).as_bytes();
        let found = digits.len();
        if found != KEY_DIGITS {
            return Err(EncryptionKeyError::Length { found });
        }
        let mut bytes = Zeroizing::new([0; 32]);
        for (index, (byte, pair)) in bytes.iter_mut().zip(digits.chunks_exact(2)).enumerate() {
            *byte = pair_value(pair).map_err(|at| EncryptionKeyError::Digit {
                offset: 2 * index + at,
            })?;
        }
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(EncryptionKeyError::Uniform);
        }
        Ok(Self::new(*bytes))
    }

    /// A new key, from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`EncryptionKeyError::NoRandomness`].
    pub fn generate() -> Result<Self, EncryptionKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| EncryptionKeyError::NoRandomness)?;
        Ok(Self::new(*bytes))
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The text of a key file, for the code that writes it: 64 hex digits and a line end.
    #[must_use]
    pub fn expose_file_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(KEY_DIGITS + 1));
        for byte in self.bytes.iter() {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        text.push('\n');
        text
    }

    pub(crate) fn expose_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

fn pair_value(pair: &[u8]) -> Result<u8, usize> {
    pair.iter().enumerate().try_fold(0, |value, (at, byte)| {
        let digit = char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok());
        digit.map(|digit| value << 4 | digit).ok_or(at)
    })
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({}, ..)", self.id)
    }
}

/// A ring of keys: the first writes, all read.
///
/// Rotation has two phases. First every process gets the new key at the end of its ring, so that
/// all can read it; then it is moved to the front, and
/// [`rotate_encryption`](crate::Store::rotate_encryption) writes the old records anew.
#[derive(Clone, Debug)]
pub struct EncryptionKeys(Vec<EncryptionKey>);

impl EncryptionKeys {
    /// A ring of one key.
    #[must_use]
    pub fn new(writing: EncryptionKey) -> Self {
        Self(vec![writing])
    }

    /// Adds a key that can only read.
    ///
    /// # Errors
    ///
    /// A key that is in the ring: [`EncryptionKeyError::Twice`].
    pub fn and_reading(mut self, key: EncryptionKey) -> Result<Self, EncryptionKeyError> {
        if self.find(key.id()).is_some() {
            return Err(EncryptionKeyError::Twice);
        }
        self.0.push(key);
        Ok(self)
    }

    /// The key that writes.
    pub(crate) fn writing(&self) -> Option<&EncryptionKey> {
        self.0.first()
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<&EncryptionKey> {
        self.0.iter().find(|key| key.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[track_caller]
    fn check_refused(text: &str, expected: EncryptionKeyError) {
        let error = EncryptionKey::parse(text).unwrap_err();
        assert_eq!(error, expected);
        let told = format!("{error} {error:?}");
        assert!(text.len() < 8 || !told.contains(&text[..8]), "{told}");
    }

    #[test]
    fn a_key_file_is_read_as_it_was_written() {
        let key = EncryptionKey::parse(TEXT).unwrap();
        assert_eq!(key.expose_file_text().trim_end(), TEXT);
        for text in [
            TEXT.to_uppercase(),
            format!("{TEXT}\r\n"),
            format!("{TEXT}\n"),
        ] {
            assert_eq!(EncryptionKey::parse(&text).unwrap().id(), key.id());
        }
        let made = EncryptionKey::generate().unwrap();
        let read = EncryptionKey::parse(&made.expose_file_text()).unwrap();
        assert_eq!(read.expose_bytes(), made.expose_bytes());
        assert_ne!(made.id(), EncryptionKey::generate().unwrap().id());
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_place() {
        check_refused("", EncryptionKeyError::Length { found: 0 });
        check_refused(&TEXT[1..], EncryptionKeyError::Length { found: 63 });
        check_refused(
            &format!("{TEXT}00"),
            EncryptionKeyError::Length { found: 66 },
        );
        check_refused(
            &format!("\n{}", &TEXT[1..]),
            EncryptionKeyError::Digit { offset: 0 },
        );
        check_refused(
            &TEXT.replace("1f", "1g"),
            EncryptionKeyError::Digit { offset: 63 },
        );
        check_refused(
            &TEXT.replace("00", "é"),
            EncryptionKeyError::Digit { offset: 0 },
        );
        check_refused(&"00".repeat(32), EncryptionKeyError::Uniform);
    }

    #[test]
    fn neither_a_key_nor_a_ring_shows_its_bytes() {
        let key = EncryptionKey::parse(TEXT).unwrap();
        let ring = EncryptionKeys::new(key.clone());
        let told = format!("{key:?} {ring:?} {}", key.id());
        assert!(
            !told.contains("0001") && !told.contains("0, 1, 2"),
            "{told}"
        );
    }

    #[test]
    fn a_key_stands_once_in_a_ring() {
        let key = EncryptionKey::parse(TEXT).unwrap();
        let ring = EncryptionKeys::new(key.clone());
        assert_eq!(
            ring.and_reading(key).unwrap_err(),
            EncryptionKeyError::Twice
        );
    }
}
