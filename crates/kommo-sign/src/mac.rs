//! Key schedules of HMAC.

use hmac::{EagerHash, Hmac, KeyInit};

/// Does the key schedule once; the result is cloned for each message.
pub(crate) fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    #[expect(
        clippy::expect_used,
        reason = "RFC 2104: a key of any length; an error value here could never occur"
    )]
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}
