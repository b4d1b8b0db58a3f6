//! A request that is refused before a byte of it leaves: the caller's mistake.

use core::{error, fmt};

use kommo_account::WriteUrlError;
use kommo_sign::{DateOutOfRange, ParsePathError};

use super::query_error::ParseQueryError;

/// Why a request was not sent. Nothing has left when this is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// `"HEAD"`, `"TRACE"`, `"BREW"`: none of `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    Method,
    /// The HTTP library would rewrite the path, so it cannot be signed nor sent as it is (rule
    /// S13).
    Path(ParsePathError),
    /// The query has a character that no URL may have; the offset counts from the `?`, which is not
    /// counted.
    Query(ParseQueryError),
    /// The URL could not be written.
    Url(WriteUrlError),
    /// The URL is too long for the HTTP library.
    UrlTooLong {
        /// Its length, in bytes.
        found: usize,
    },
    /// The HTTP library would send another URL than the one that was signed (invariant I1). Not
    /// known to happen for a path that passed
    /// [`RequestPath::parse`](kommo_sign::RequestPath::parse); it is checked for every request.
    Rewritten,
    /// A header has a name or value that cannot be sent.
    Header {
        /// Its index among the headers given, from 0.
        index: usize,
    },
    /// The request belongs to another realm than the endpoints: a real grant is not sent to a
    /// sandbox, nor the reverse (invariant I3).
    Realm,
    /// The clock, with the offset that was learned, is outside the years 1970 to 9999.
    Clock,
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method => f.write_str("method is not get, post, put, patch or delete"),
            Self::Path(_) => f.write_str("path cannot be sent as it is"),
            Self::Query(_) => f.write_str("query cannot be sent as it is"),
            Self::Url(_) => f.write_str("url could not be written"),
            Self::UrlTooLong { found } => write!(f, "url has {found} bytes, too many"),
            Self::Rewritten => f.write_str("url would not be sent as it was signed"),
            Self::Header { index } => write!(f, "header {index} cannot be sent"),
            Self::Realm => f.write_str("request belongs to another realm"),
            Self::Clock => f.write_str("clock is outside the years 1970 to 9999"),
        }
    }
}

impl error::Error for InvalidRequest {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Path(error) => Some(error),
            Self::Query(error) => Some(error),
            Self::Url(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ParsePathError> for InvalidRequest {
    fn from(error: ParsePathError) -> Self {
        Self::Path(error)
    }
}

impl From<ParseQueryError> for InvalidRequest {
    fn from(error: ParseQueryError) -> Self {
        Self::Query(error)
    }
}

impl From<WriteUrlError> for InvalidRequest {
    fn from(error: WriteUrlError) -> Self {
        Self::Url(error)
    }
}

impl From<DateOutOfRange> for InvalidRequest {
    fn from(_: DateOutOfRange) -> Self {
        Self::Clock
    }
}
