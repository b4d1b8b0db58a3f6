//! A query that would not be sent as it was written.

use core::{error, fmt};

/// A query has a character that an HTTP library would rewrite, or a broken escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseQueryError {
    /// Where, in bytes from the start.
    pub offset: usize,
}

impl fmt::Display for ParseQueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        write!(f, "byte {offset} of the query is not allowed in a url")
    }
}

impl error::Error for ParseQueryError {}
