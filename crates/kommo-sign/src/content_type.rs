//! The `Content-Type` header, signed as it is sent.

use core::{error, fmt};

/// The text of a `Content-Type` header: printable ASCII, no space at either end.
///
/// The remote side supports `application/json` only, and signs whatever text is sent: with
/// `application/json; charset=utf-8` the signature is another one. Source: rules S5 and S11 of
/// `docs/protocol.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentType<'a> {
    text: &'a str,
}

impl ContentType<'static> {
    /// `application/json`, the one to send; on a GET too.
    pub const JSON: Self = Self {
        text: "application/json",
    };
}

impl<'a> ContentType<'a> {
    /// Checks the text of a header. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - `""`: [`ParseContentTypeError::Empty`]. An absent header is
    ///   [`CanonicalRequest`](crate::CanonicalRequest)'s business.
    /// - `"application/json\n"`: [`ParseContentTypeError::Character`] at byte 16. A line feed would
    ///   forge a line.
    /// - `" application/json"`: [`ParseContentTypeError::OuterSpace`]. An HTTP library strips it
    ///   after signing.
    pub fn parse(text: &'a str) -> Result<Self, ParseContentTypeError> {
        if text.is_empty() {
            return Err(ParseContentTypeError::Empty);
        }
        if let Some(offset) = text.bytes().position(|byte| !matches!(byte, 0x20..=0x7e)) {
            return Err(ParseContentTypeError::Character { offset });
        }
        if text.starts_with(' ') || text.ends_with(' ') {
            return Err(ParseContentTypeError::OuterSpace);
        }
        Ok(Self { text })
    }

    /// The header's value.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether the remote side supports it: exactly `application/json`.
    #[must_use]
    pub fn is_supported(&self) -> bool {
        self.text == ContentType::JSON.text
    }
}

/// Why a text is not a content type that can be signed and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseContentTypeError {
    /// Nothing there.
    Empty,
    /// A control character or a byte outside ASCII.
    Character {
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// A space at the start or the end.
    OuterSpace,
}

impl fmt::Display for ParseContentTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("content type is empty"),
            Self::Character { offset } => {
                write!(
                    f,
                    "byte {offset} of the content type is not allowed in a header"
                )
            }
            Self::OuterSpace => f.write_str("content type begins or ends with a space"),
        }
    }
}

impl error::Error for ParseContentTypeError {}
