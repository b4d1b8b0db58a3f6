//! Why a batch is refused.

use core::{error, fmt};

use kommo_sign::{ParseContentTypeError, ParseDateError, ParseMethodError, ParsePathError};

/// The slice for the results has fewer entries than the batch. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultsTooShort {
    /// The entries of the batch.
    pub needed: usize,
    /// The entries of the slice.
    pub found: usize,
}

/// The results that belong to a batch of this length.
pub(crate) fn results_of<T>(results: &mut [T], needed: usize) -> Result<&mut [T], ResultsTooShort> {
    let found = results.len();
    results
        .get_mut(..needed)
        .ok_or(ResultsTooShort { needed, found })
}

impl fmt::Display for ResultsTooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, found } = self;
        write!(
            f,
            "the slice for results has {found} entries instead of {needed}"
        )
    }
}

impl error::Error for ResultsTooShort {}

/// Which text of a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The method.
    Method(ParseMethodError),
    /// The path.
    Path(ParsePathError),
    /// The content type.
    ContentType(ParseContentTypeError),
    /// The date.
    Date(ParseDateError),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method(_) => "the method cannot be signed",
            Self::Path(_) => "the path cannot be signed",
            Self::ContentType(_) => "the content type cannot be signed",
            Self::Date(_) => "the date cannot be signed",
        })
    }
}

impl error::Error for RequestError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Method(cause) => Some(cause),
            Self::Path(cause) => Some(cause),
            Self::ContentType(cause) => Some(cause),
            Self::Date(cause) => Some(cause),
        }
    }
}

/// Why a batch of texts is not signed. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignManyError {
    /// The slice for the results is too short.
    ResultsTooShort(ResultsTooShort),
    /// A request cannot be signed.
    Request {
        /// Its index, from 0: the first that is refused.
        index: usize,
        /// Why.
        cause: RequestError,
    },
}

impl fmt::Display for SignManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResultsTooShort(_) => f.write_str("the batch is not signed"),
            Self::Request { index, .. } => write!(f, "request {index} of the batch is refused"),
        }
    }
}

impl error::Error for SignManyError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::ResultsTooShort(cause) => Some(cause),
            Self::Request { cause, .. } => Some(cause),
        }
    }
}

impl From<ResultsTooShort> for SignManyError {
    fn from(cause: ResultsTooShort) -> Self {
        Self::ResultsTooShort(cause)
    }
}
