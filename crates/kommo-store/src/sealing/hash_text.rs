//! Hashes and bytes as text: names of records whose content is secret.

use kommo_oauth::token::RefreshToken;
use sha2::{Digest, Sha256};

/// A hash as text: 64 hex digits. The parts are kept apart by their lengths.
pub(crate) fn hash_text(purpose: &str, parts: &[&str]) -> String {
    hex_text(&hash_of(purpose, parts))
}

fn hash_of(purpose: &str, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in core::iter::once(&purpose).chain(parts) {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// A hash as a number: its first 64 bits.
pub(crate) fn hash_number(purpose: &str, parts: &[&str]) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = hash_of(purpose, parts);
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

pub(crate) fn hex_text(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

/// What an erased answer is known by.
pub(crate) fn pair_hash(refresh_token: &RefreshToken) -> String {
    hash_text("kommo-store pair", &[refresh_token.expose()])
}
