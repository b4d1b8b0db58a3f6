//! MACs as wrong recipes make them.
//!
//! Every MAC that the project relies on is in `kommo-sign`, which offers only the right ones, by
//! type. Here are the others: another hash, no key schedule, arguments swapped, a key that no
//! secret type would hold. They are compared and thrown away; none of them ever leaves this file,
//! and whether something is accepted is asked of `kommo-sign`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use ctutils::CtEq;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// A hash function, known by the length of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Which hash function yields that number of bytes.
    pub(crate) const fn of_length(bytes: usize) -> Option<Self> {
        match bytes {
            16 => Some(Self::Md5),
            20 => Some(Self::Sha1),
            28 => Some(Self::Sha224),
            32 => Some(Self::Sha256),
            48 => Some(Self::Sha384),
            64 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }
}

/// How the key enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keying {
    /// HMAC, as it should be.
    Hmac,
    /// HMAC with the message as key and the key as message.
    Swapped,
    /// The hash of the message, without any key.
    None,
    /// The hash of the key and then the message.
    Before,
    /// The hash of the message and then the key.
    After,
    /// The first bytes of HMAC-SHA256.
    Cut,
    /// The HMAC of the bytes of the HMAC.
    Twice,
    /// The HMAC of the hex digits of the HMAC.
    TwiceAsText,
}

/// Whether this recipe yields these bytes. The comparison takes the same instructions wherever the
/// first difference lies.
pub(crate) fn gives(
    hash: Hash,
    keying: Keying,
    key: &[u8],
    message: &[u8],
    received: &[u8],
) -> bool {
    match hash {
        Hash::Md5 => compare::<Md5>(keying, key, message, received),
        Hash::Sha1 => compare::<Sha1>(keying, key, message, received),
        Hash::Sha224 => compare::<Sha224>(keying, key, message, received),
        Hash::Sha256 => compare::<Sha256>(keying, key, message, received),
        Hash::Sha384 => compare::<Sha384>(keying, key, message, received),
        Hash::Sha512 => compare::<Sha512>(keying, key, message, received),
    }
}

fn compare<D: EagerHash>(keying: Keying, key: &[u8], message: &[u8], received: &[u8]) -> bool {
    let plain = |first: &[u8], second: &[u8]| {
        let digest = D::new().chain_update(first).chain_update(second).finalize();
        digest.as_slice().ct_eq(received).to_bool()
    };
    match keying {
        Keying::Hmac => compare_hmac::<D>(key, message, received),
        Keying::Swapped => compare_hmac::<D>(message, key, received),
        Keying::None => plain(message, b""),
        Keying::Before => plain(key, message),
        Keying::After => plain(message, key),
        Keying::Cut => mac::<Sha256>(key, message).is_some_and(|tag| {
            let cut = tag
                .get(..received.len())
                .filter(|cut| cut.len() < tag.len());
            cut.is_some_and(|cut| cut.ct_eq(received).to_bool())
        }),
        Keying::Twice => {
            mac::<D>(key, message).is_some_and(|tag| compare_hmac::<D>(key, &tag, received))
        }
        Keying::TwiceAsText => mac::<D>(key, message).is_some_and(|tag| {
            let digits: Zeroizing<String> =
                Zeroizing::new(tag.iter().map(|byte| format!("{byte:02x}")).collect());
            compare_hmac::<D>(key, digits.as_bytes(), received)
        }),
    }
}

/// The bytes of an HMAC, which do not leave this file.
fn mac<D: EagerHash>(key: &[u8], message: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mac = Hmac::<D>::new_from_slice(key).ok()?;
    let tag = mac.chain_update(message).finalize().into_bytes();
    Some(Zeroizing::new(tag.to_vec()))
}

fn compare_hmac<D: EagerHash>(key: &[u8], message: &[u8], received: &[u8]) -> bool {
    // RFC 2104 takes a key of any length; the error is out of reach and means no here.
    Hmac::<D>::new_from_slice(key).is_ok_and(|mac| {
        let tag = mac.chain_update(message).finalize().into_bytes();
        tag.as_slice().ct_eq(received).to_bool()
    })
}
