//! The method of a request, in upper case.

use core::{error, fmt};

/// The longest method, in bytes.
const METHOD_MAX_BYTES: usize = 16;

/// An HTTP method in upper-case letters, at most 16.
///
/// Source: rules S3, S11 and S14 of `docs/protocol.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestMethod<'a> {
    text: &'a str,
}

impl RequestMethod<'static> {
    /// `POST`: connect, send, status, typing, react.
    pub const POST: Self = Self { text: "POST" };
    /// `GET`: history.
    pub const GET: Self = Self { text: "GET" };
    /// `DELETE`: disconnect.
    pub const DELETE: Self = Self { text: "DELETE" };
    /// `PUT`: nothing uses it today.
    pub const PUT: Self = Self { text: "PUT" };
    /// `PATCH`: nothing uses it today.
    pub const PATCH: Self = Self { text: "PATCH" };
}

impl<'a> RequestMethod<'a> {
    /// Checks a method. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - `""`: [`ParseMethodError::Empty`].
    /// - `"post"`: [`ParseMethodError::NotUpperCase`] at byte 0; the method is signed in upper
    ///   case.
    /// - `"POST\nx"`: [`ParseMethodError::NotUpperCase`] at byte 4; a line feed would forge a line.
    /// - `"CONNECT"`: [`ParseMethodError::Connect`]; it puts no path on the wire.
    /// - 17 letters: [`ParseMethodError::TooLong`].
    pub fn parse(text: &'a str) -> Result<Self, ParseMethodError> {
        if text.is_empty() {
            return Err(ParseMethodError::Empty);
        }
        if let Some(offset) = text.bytes().position(|byte| !byte.is_ascii_uppercase()) {
            return Err(ParseMethodError::NotUpperCase { offset });
        }
        if text == "CONNECT" {
            return Err(ParseMethodError::Connect);
        }
        if text.len() > METHOD_MAX_BYTES {
            return Err(ParseMethodError::TooLong { found: text.len() });
        }
        Ok(Self { text })
    }

    /// The method's text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }
}

/// Why a text is not a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseMethodError {
    /// Nothing there.
    Empty,
    /// A byte outside `A-Z`.
    NotUpperCase {
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// `CONNECT`, whose request line has no path that could be signed.
    Connect,
    /// More than 16 letters.
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
}

impl fmt::Display for ParseMethodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("method is empty"),
            Self::NotUpperCase { offset } => {
                write!(f, "byte {offset} of the method is not an upper-case letter")
            }
            Self::Connect => f.write_str("method is connect, which sends no path"),
            Self::TooLong { found } => {
                write!(f, "method has {found} bytes, more than {METHOD_MAX_BYTES}")
            }
        }
    }
}

impl error::Error for ParseMethodError {}
