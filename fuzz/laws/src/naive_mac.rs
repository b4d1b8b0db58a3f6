//! HMAC as RFC 2104 says it, over the bare hash functions: the judge of every signature. Not
//! constant in time, and slow.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// Bytes of a block, of both hash functions.
const BLOCK_BYTES: usize = 64;

/// `H(K xor opad, H(K xor ipad, text))`, as lower-case hex.
fn hmac(hash: fn(&[u8]) -> Vec<u8>, key: &[u8], text: &[u8]) -> String {
    let mut key = if key.len() > BLOCK_BYTES {
        hash(key)
    } else {
        key.to_vec()
    };
    key.resize(BLOCK_BYTES, 0);
    let with_pad = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = hash(&[with_pad(0x36), text.to_vec()].concat());
    hex(&hash(&[with_pad(0x5c), inner].concat()))
}

pub(crate) fn hmac_sha1(key: &str, text: &[u8]) -> String {
    hmac(|bytes| Sha1::digest(bytes).to_vec(), key.as_bytes(), text)
}

pub(crate) fn hmac_sha256(key: &str, text: &[u8]) -> String {
    hmac(|bytes| Sha256::digest(bytes).to_vec(), key.as_bytes(), text)
}

pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
