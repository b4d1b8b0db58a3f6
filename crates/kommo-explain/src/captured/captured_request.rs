//! A request that was taken from a text.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A request that was taken from a text: nothing of it is checked.
///
/// `Debug` shows lengths only.
#[derive(Clone, PartialEq, Eq)]
pub struct CapturedRequest {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) notes: Vec<CaptureNote>,
}

impl CapturedRequest {
    /// The method as it is written.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Path and query, or the full URL.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Names and values in their order. Bytes that are not UTF-8 are replaced.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What was made of the text that its author may not expect.
    #[must_use]
    pub fn notes(&self) -> &[CaptureNote] {
        &self.notes
    }
}

impl fmt::Debug for CapturedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedRequest")
            .field("method_bytes", &self.method.len())
            .field("target_bytes", &self.target.len())
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("notes", &self.notes)
            .finish()
    }
}

/// What was made of a text that its author may not expect. `Display` is one sentence without its
/// full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaptureNote {
    /// The chunks of `Transfer-Encoding: chunked` were joined.
    ChunksJoined,
    /// The header says `chunked`, and no chunks are there.
    NoChunks,
    /// `Content-Length` is less than there is.
    BodyCut {
        /// What the header says.
        length: usize,
        /// What is there.
        there: usize,
    },
    /// `Content-Length` is more than there is.
    BodyShort {
        /// What the header says.
        length: usize,
        /// What is there.
        there: usize,
    },
    /// `Content-Length` is not a number.
    LengthUnreadable,
    /// curl itself adds `Content-Type: application/x-www-form-urlencoded` to data.
    FormTypeAdded,
    /// Another command follows.
    FirstCommandOnly,
}

impl fmt::Display for CaptureNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChunksJoined => f.write_str("the body came in chunks, which were joined"),
            Self::NoChunks => f.write_str(
                "the header says that the body is in chunks, and it is not: it is taken as it is",
            ),
            Self::BodyCut { length, there } => write!(
                f,
                "Content-Length is {length}, and {there} bytes follow the headers: the first \
                 {length} are the body"
            ),
            Self::BodyShort { length, there } => write!(
                f,
                "Content-Length is {length}, and only {there} bytes follow the headers: the rest \
                 of the body is missing"
            ),
            Self::LengthUnreadable => {
                f.write_str("Content-Length is not a number: the body is all that follows")
            }
            Self::FormTypeAdded => f.write_str(
                "without a Content-Type curl sends application/x-www-form-urlencoded with data",
            ),
            Self::FirstCommandOnly => {
                f.write_str("more than one command is there: this is about the first")
            }
        }
    }
}
