//! The cause of a failure on the wire, as text that may be logged.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::{error, fmt};
use std::io;

use kommo_peer::replaced;

/// Longest text of one cause, in characters.
const MAX_CHARACTERS: usize = 200;

/// Longest chain of causes that is kept.
const MAX_DEPTH: usize = 8;

/// Why a wire failed, in the words of the library below; [`source`](error::Error::source) leads to
/// the next one.
///
/// Only text is kept, so that our interface has no type of that library. The text names addresses
/// and certificates at most: no URL, no header and no body.
#[derive(Clone, PartialEq, Eq)]
pub struct Cause {
    text: String,
    source: Option<Box<Self>>,
}

impl Cause {
    /// Copies a chain of errors, without those at its beginning that only say where in the library
    /// it failed.
    pub(crate) fn of(error: &(dyn error::Error + 'static)) -> Self {
        let chain = core::iter::successors(Some(error), |error| next(*error));
        let mut telling = chain.filter(|error| !is_about_the_library(&error.to_string()));
        Self::down_to(telling.next().unwrap_or(error), MAX_DEPTH)
    }

    fn down_to(error: &(dyn error::Error + 'static), depth: usize) -> Self {
        let source = next(error).filter(|_| depth > 1);
        Self {
            text: clean(&error.to_string()),
            source: source.map(|source| Box::new(Self::down_to(source, depth - 1))),
        }
    }
}

/// `client error (Connect)` and the like: a reader learns nothing of it.
fn is_about_the_library(text: &str) -> bool {
    text.starts_with("error sending request")
        || text.starts_with("client error (")
        || text.starts_with("error decoding response body")
        || text.starts_with("request or response body error")
}

/// The next error in a chain. One that is wrapped in an I/O error is not its source but its inside.
pub(super) fn next<'a>(
    error: &'a (dyn error::Error + 'static),
) -> Option<&'a (dyn error::Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

/// Cuts, and replaces what could move a cursor or hide: names in a certificate are written by
/// its issuer.
pub(super) fn clean(text: &str) -> String {
    replaced(text, MAX_CHARACTERS).to_string()
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)?;
        match &self.source {
            Some(source) => write!(f, ": {source:?}"),
            None => Ok(()),
        }
    }
}

impl error::Error for Cause {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
