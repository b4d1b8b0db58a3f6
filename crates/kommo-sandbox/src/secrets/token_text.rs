//! The texts of codes and refresh tokens, and what the platform keeps of them: fingerprints.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::StartError;
use crate::secrets::channel_key::{is_lower_hex, lower_hex};

/// What codes and refresh tokens begin with in every published sample.
pub(crate) const PREFIX: &str = "def502";

/// SHA-256 of a text: what the platform keeps instead of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

/// As 64 hex digits.
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&lower_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let not_hex = || D::Error::custom("expected 64 lower-case hex digits");
        if !is_lower_hex(text.as_bytes(), 64) {
            return Err(not_hex());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = core::str::from_utf8(digits).map_err(|_| not_hex())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| not_hex())?;
        }
        Ok(Self(bytes))
    }
}

impl Fingerprint {
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The first 16 hex digits: enough to distinguish tokens, and not enough to use one.
    pub(crate) fn short(self) -> String {
        lower_hex(self.0.get(..8).unwrap_or_default())
    }
}

/// A new refresh token: 990 characters, as long as a published sample.
pub(crate) fn new_refresh_token() -> Result<String, StartError> {
    new_text::<492>()
}

/// A new authorization code: 700 characters, of the length of published samples.
pub(crate) fn new_code() -> Result<String, StartError> {
    new_text::<347>()
}

/// 128 random bits as 32 hex digits: the `jti` of an access token.
pub(crate) fn new_token_id() -> Result<String, StartError> {
    random::<16>().map(|bytes| lower_hex(&bytes))
}

fn new_text<const BYTES: usize>() -> Result<String, StartError> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(PREFIX.len() + 2 * BYTES);
    text.push_str(PREFIX);
    for byte in random::<BYTES>()? {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(
                DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0'),
            ));
        }
    }
    Ok(text)
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], StartError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| StartError::Random)?;
    Ok(bytes)
}
