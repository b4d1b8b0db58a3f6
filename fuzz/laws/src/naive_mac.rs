//! HMAC as RFC 2104 says it, over the bare hash functions: the judge of every signature. Not
//! constant in time, and slow.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// Bytes of a block of SHA-1 and SHA-256.
const BLOCK_BYTES: usize = 64;

/// `H(K xor opad, H(K xor ipad, text))`, as lower-case hex.
fn hmac(hash: fn(&[u8]) -> Vec<u8>, block_bytes: usize, key: &[u8], text: &[u8]) -> String {
    let mut key = if key.len() > block_bytes {
        hash(key)
    } else {
        key.to_vec()
    };
    key.resize(block_bytes, 0);
    let with_pad = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = hash(&[with_pad(0x36), text.to_vec()].concat());
    hex(&hash(&[with_pad(0x5c), inner].concat()))
}

pub(crate) fn hmac_sha1(key: &str, text: &[u8]) -> String {
    hmac(
        |bytes| Sha1::digest(bytes).to_vec(),
        BLOCK_BYTES,
        key.as_bytes(),
        text,
    )
}

pub(crate) fn hmac_sha256(key: &str, text: &[u8]) -> String {
    hmac(
        |bytes| Sha256::digest(bytes).to_vec(),
        BLOCK_BYTES,
        key.as_bytes(),
        text,
    )
}

pub(crate) fn hmac_sha512(key: &str, text: &[u8]) -> String {
    hmac(
        |bytes| Sha512::digest(bytes).to_vec(),
        2 * BLOCK_BYTES,
        key.as_bytes(),
        text,
    )
}

pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
