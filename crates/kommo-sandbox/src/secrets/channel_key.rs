//! The sandbox's own reading of the signature: MD5 of the body, HMAC-SHA1 of five lines, lower-case
//! hex (rules S1, S2, S4, S7). Written apart from `kommo-sign`, which it judges.

use ctutils::CtEq;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;

use crate::error::ConfigError;

/// A channel secret, ready to sign with. It has no `Debug`.
#[derive(Clone)]
pub(crate) struct ChannelKey(Hmac<Sha1>);

impl ChannelKey {
    /// Takes the text's bytes as they are: a secret of 40 hex digits is a key of 40 bytes (rule
    /// S2).
    pub(crate) fn new(channel_secret: &str) -> Result<Self, ConfigError> {
        let empty = || ConfigError::Empty {
            field: "channel_secret".into(),
        };
        if channel_secret.is_empty() {
            return Err(empty());
        }
        Hmac::new_from_slice(channel_secret.as_bytes())
            .map(Self)
            .map_err(|_| empty())
    }

    /// The signature of five lines joined by four line feeds, none at the end (rule S1).
    pub(crate) fn sign_lines(&self, lines: [&[u8]; 5]) -> String {
        self.sign(&lines.join(&b'\n'))
    }

    /// The signature of bytes as they are; of a body alone in the older scheme (rule S10).
    pub(crate) fn sign(&self, bytes: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(bytes);
        lower_hex(&mac.finalize().into_bytes())
    }
}

/// MD5 as 32 lower-case hex digits (rule S4).
pub(crate) fn md5_hex(body: &[u8]) -> String {
    lower_hex(&Md5::digest(body))
}

pub(crate) fn lower_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn is_lower_hex(text: &[u8], length: usize) -> bool {
    text.len() == length
        && text
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Equality that takes the same time wherever the first difference is; the lengths are not secret.
pub(crate) fn same_text(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).to_bool()
}
