//! The least that a signer can do: the hash functions over the same number of bytes, and the digits
//! of their results.
//!
//! Nothing is joined, parsed, checked or compared here, and the string to sign stands ready, so no
//! signer can be faster with these hash functions.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// Does the key schedule, which no benchmark counts here.
///
/// # Panics
///
/// Never: HMAC takes a key of any length.
#[must_use]
pub fn key<D: EagerHash>(secret: &str) -> Hmac<D> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of any length (RFC 2104)"
    )]
    Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length")
}

/// MD5 of a body, one HMAC-SHA1 of a string to sign that stands ready, and the digits of both.
#[must_use]
pub fn sign(key: &Hmac<Sha1>, string_to_sign: &[u8], body: &[u8]) -> ([u8; 32], [u8; 40]) {
    let digest: [u8; 16] = Md5::digest(body).into();
    let mut md5_text = [0; 32];
    // Neither can fail: the buffers have two digits a byte.
    let _ = base16ct::lower::encode(&digest, &mut md5_text);
    let mut signature_text = [0; 40];
    let _ = base16ct::lower::encode(&hmac_sha1(key, string_to_sign), &mut signature_text);
    (md5_text, signature_text)
}

/// One HMAC-SHA1, nothing else.
#[must_use]
pub fn hmac_sha1(key: &Hmac<Sha1>, bytes: &[u8]) -> [u8; 20] {
    key.clone()
        .chain_update(bytes)
        .finalize()
        .into_bytes()
        .into()
}

/// One HMAC-SHA256, nothing else.
#[must_use]
pub fn hmac_sha256(key: &Hmac<Sha256>, bytes: &[u8]) -> [u8; 32] {
    key.clone()
        .chain_update(bytes)
        .finalize()
        .into_bytes()
        .into()
}
