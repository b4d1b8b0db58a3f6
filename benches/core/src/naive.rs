//! The obvious code: what a competent programmer writes with the same hash functions and no thought
//! of speed.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use crate::inputs;

/// `Content-MD5` and `X-Signature` of a request.
#[must_use]
pub fn sign(secret: &str, date: &str, path: &str, body: &[u8]) -> (String, String) {
    let content_md5 = hex(&Md5::digest(body));
    let string_to_sign = format!(
        "{}\n{}\n{}\n{}\n{}",
        inputs::METHOD.to_uppercase(),
        content_md5,
        inputs::CONTENT_TYPE,
        date,
        path
    );
    let signature = hmac_hex::<Sha1>(secret, string_to_sign.as_bytes());
    (content_md5, signature)
}

/// Whether a chat hook is genuine, with or without the line feed that its signature does not cover.
#[must_use]
pub fn verify_hook(secret: &str, body: &[u8], received: &str) -> bool {
    let received = received.to_lowercase();
    let text = body.strip_suffix(b"\n").unwrap_or(body);
    hmac_hex::<Sha1>(secret, text) == received || hmac_hex::<Sha1>(secret, body) == received
}

/// `x-chat-signature` of a body.
#[must_use]
pub fn open_api_sign(secret: &str, body: &[u8]) -> String {
    hmac_hex::<Sha256>(secret, body)
}

fn hmac_hex<D: EagerHash>(secret: &str, bytes: &[u8]) -> String
where
    Hmac<D>: Mac + KeyInit,
{
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of any length (RFC 2104)"
    )]
    let mut mac = <Hmac<D> as KeyInit>::new_from_slice(secret.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(bytes);
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
