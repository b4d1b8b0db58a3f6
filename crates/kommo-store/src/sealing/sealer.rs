//! Stored bytes, encrypted or plain.
//!
//! ```text
//! plain       00 │ bytes
//! encrypted   01 │ key id, 8 │ nonce, 24, random │ XChaCha20-Poly1305 of the bytes, 16 longer than they
//!                associated data: purpose, name and generation of the record, and the key id
//! ```
//!
//! The associated data bind a record to its place: one that was copied over another, or put back
//! from an older generation, does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::StoreFault;
use crate::sealing::encryption_key::{EncryptionKeys, KeyId};

const PLAIN: u8 = 0;
const ENCRYPTED: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Which record it is: what the encryption is bound to.
#[derive(Clone, Copy)]
pub(crate) struct AssociatedData<'a> {
    /// `grant`, `code`, `secret`, `hook`, `lifeboat` or `export`.
    pub(crate) purpose: &'static str,
    /// The record's name, which errors name too.
    pub(crate) name: &'a str,
    /// The grant's generation; 0 for what has none.
    pub(crate) generation: u64,
}

impl AssociatedData<'_> {
    /// INVARIANT: two places give the same bytes only if they are equal: no purpose has a zero
    /// byte, and what follows the name has a fixed length.
    fn associated_data(&self, key_id: KeyId) -> Vec<u8> {
        let mut data = Vec::with_capacity(self.purpose.len() + self.name.len() + 17);
        data.extend_from_slice(self.purpose.as_bytes());
        data.push(0);
        data.extend_from_slice(self.name.as_bytes());
        data.extend_from_slice(&self.generation.to_be_bytes());
        data.extend_from_slice(key_id.as_bytes());
        data
    }
}

/// Seals with the first key of a ring, opens with any; without a ring it leaves the bytes plain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sealer {
    keys: Option<EncryptionKeys>,
}

impl Sealer {
    pub(crate) const fn new(keys: Option<EncryptionKeys>) -> Self {
        Self { keys }
    }

    /// Whether what is written is encrypted.
    pub(crate) const fn encrypts(&self) -> bool {
        self.keys.is_some()
    }

    pub(crate) fn seal(
        &self,
        place: AssociatedData<'_>,
        bytes: &[u8],
    ) -> Result<Vec<u8>, StoreFault> {
        let Some(key) = self.keys.as_ref().and_then(EncryptionKeys::writing) else {
            let mut sealed = Vec::with_capacity(bytes.len() + 1);
            sealed.push(PLAIN);
            sealed.extend_from_slice(bytes);
            return Ok(sealed);
        };
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)
            .map_err(|_| StoreFault::misconfigured("operating system returned no random bytes"))?;
        let cipher = XChaCha20Poly1305::new(&Key::from(*key.expose_bytes()));
        let payload = Payload {
            msg: bytes,
            aad: &place.associated_data(key.id()),
        };
        let text = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreFault::damaged(place.name, "too long to be encrypted"))?;
        let mut sealed = Vec::with_capacity(1 + 8 + NONCE_BYTES + text.len());
        sealed.push(ENCRYPTED);
        sealed.extend_from_slice(key.id().as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// A record that is plain although there are keys is read: it was written before there were
    /// any.
    pub(crate) fn open(
        &self,
        place: AssociatedData<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreFault> {
        match sealed.split_first() {
            Some((&PLAIN, bytes)) => Ok(Zeroizing::new(bytes.to_vec())),
            Some((&ENCRYPTED, rest)) => self.decrypt(place, rest),
            Some((&form, _)) => Err(StoreFault::NewerRecord {
                record: place.name.to_owned(),
                version: u64::from(form),
            }),
            None => Err(StoreFault::damaged(place.name, "empty")),
        }
    }

    fn decrypt(
        &self,
        place: AssociatedData<'_>,
        rest: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreFault> {
        let too_short = || StoreFault::damaged(place.name, "too short");
        let (id, rest) = rest.split_first_chunk::<8>().ok_or_else(too_short)?;
        let (nonce, text) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(too_short)?;
        let id = KeyId::from_bytes(*id);
        let Some(key) = self.keys.as_ref().and_then(|keys| keys.find(id)) else {
            return Err(StoreFault::WrongKey {
                record: place.name.to_owned(),
                key_id: id.to_string(),
            });
        };
        let cipher = XChaCha20Poly1305::new(&Key::from(*key.expose_bytes()));
        let payload = Payload {
            msg: text,
            aad: &place.associated_data(id),
        };
        cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| StoreFault::damaged(place.name, "does not decrypt"))
    }

    /// Whether a record has the form that would be written today.
    pub(crate) fn is_current(&self, sealed: &[u8]) -> bool {
        match (self.keys.as_ref().and_then(EncryptionKeys::writing), sealed) {
            (None, [PLAIN, ..]) => true,
            (Some(key), [ENCRYPTED, rest @ ..]) => rest.starts_with(key.id().as_bytes()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use kommo_keeper::{StoreError as _, StoreErrorKind};
    use proptest::prelude::*;

    use super::*;
    use crate::sealing::encryption_key::EncryptionKey;

    const PLACE: AssociatedData<'_> = AssociatedData {
        purpose: "grant",
        name: "of a test",
        generation: 3,
    };

    fn sealer() -> Sealer {
        let mut bytes = [9; 32];
        bytes[0] = 1;
        Sealer::new(Some(EncryptionKeys::new(EncryptionKey::new(bytes))))
    }

    #[track_caller]
    fn check_refused(place: AssociatedData<'_>, sealed: &[u8], trouble: StoreErrorKind) {
        assert_eq!(sealer().open(place, sealed).unwrap_err().kind(), trouble);
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let sealed = sealer().seal(PLACE, b"content").unwrap();
        assert_eq!(&**sealer().open(PLACE, &sealed).unwrap(), b"content");
        let elsewhere = [
            AssociatedData {
                purpose: "code",
                ..PLACE
            },
            AssociatedData {
                name: "of another test",
                ..PLACE
            },
            AssociatedData {
                generation: 4,
                ..PLACE
            },
        ];
        for place in elsewhere {
            check_refused(place, &sealed, StoreErrorKind::Damaged);
        }
    }

    #[test]
    fn two_records_never_have_the_same_bytes() {
        let one = sealer().seal(PLACE, b"content").unwrap();
        assert_ne!(one, sealer().seal(PLACE, b"content").unwrap());
        assert!(sealer().is_current(&one));
        assert!(!Sealer::new(None).is_current(&one));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let sealed = sealer().seal(PLACE, b"content").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 0x80;
            let trouble = match index {
                0 => StoreErrorKind::NewerVersion,
                1..=8 => StoreErrorKind::WrongKey,
                _ => StoreErrorKind::Damaged,
            };
            check_refused(PLACE, &changed, trouble);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Some(first) = bytes.first_mut() {
                *first = ENCRYPTED;
            }
            prop_assert!(sealer().open(PLACE, &bytes).is_err());
        }
    }
}
