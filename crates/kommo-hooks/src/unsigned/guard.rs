//! The only protection of an unsigned hook: an address that strangers cannot guess.
//!
//! Source: rule U1 of `docs/protocol.md`.

use alloc::string::String;
use core::{error, fmt};

use ctutils::CtEq;

/// The fewest bytes of a token in an address.
pub const PATH_TOKEN_MIN_BYTES: usize = 22;

/// A secret part of the address of an unsigned hook, one for each account. 22 letters of base64url
/// are 128 bits.
#[derive(Clone)]
pub struct PathToken(String);

impl PathToken {
    /// Takes a token that was drawn at random.
    ///
    /// # Errors
    ///
    /// [`WeakPathToken`]: fewer than 22 bytes, or a byte that is not a letter, a digit, `-` or `_`.
    pub fn new(text: impl Into<String>) -> Result<Self, WeakPathToken> {
        let text = text.into();
        let admitted = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.len() >= PATH_TOKEN_MIN_BYTES && text.bytes().all(admitted) {
            Ok(Self(text))
        } else {
            Err(WeakPathToken)
        }
    }

    /// Compares with the text in the path of a request, in a time that does not depend on where the
    /// first difference is.
    #[must_use]
    pub fn matches(&self, received: &str) -> bool {
        self.0.as_bytes().ct_eq(received.as_bytes()).to_bool()
    }
}

impl fmt::Debug for PathToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathToken(..)")
    }
}

/// A token for an address is too short to be unguessable, or does not fit into a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WeakPathToken;

impl fmt::Display for WeakPathToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path token has at least 22 letters, digits, hyphens or underscores")
    }
}

impl error::Error for WeakPathToken {}
