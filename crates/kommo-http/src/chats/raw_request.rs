//! A call that has no method of its own yet: the caller brings path and body, the client signs and
//! sends.

use core::fmt;

use kommo_sign::{RequestMethod, RequestPath};

use crate::transport::request_query::RequestQuery;
use crate::transport::retry_policy::Repeat;

/// A request to the Chats API, not signed yet.
///
/// It is signed anew for each attempt, with content type `application/json` (rule S5). `Debug`
/// shows of the body its length.
///
/// # Examples
///
/// ```
/// use kommo_http::{RawRequest, Repeat, RequestQuery};
/// use kommo_sign::{RequestMethod, RequestPath};
///
/// let path = RequestPath::parse("/v2/origin/custom/scope/chats/chat/history")?;
/// let request = RawRequest::new(RequestMethod::GET, path)
///     .with_query(RequestQuery::parse("limit=50&offset=0")?)
///     .with_repeat(Repeat::WhenSafe);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
#[must_use]
pub struct RawRequest<'a> {
    pub(crate) method: RequestMethod<'a>,
    pub(crate) path: RequestPath<'a>,
    pub(crate) query: Option<RequestQuery<'a>>,
    pub(crate) body: &'a [u8],
    pub(crate) repeat: Repeat,
}

impl<'a> RawRequest<'a> {
    /// A request without query and body, sent once.
    pub const fn new(method: RequestMethod<'a>, path: RequestPath<'a>) -> Self {
        Self {
            method,
            path,
            query: None,
            body: &[],
            repeat: Repeat::Never,
        }
    }

    /// Sets the query; it is sent and not signed (rule S6).
    pub const fn with_query(mut self, query: RequestQuery<'a>) -> Self {
        self.query = Some(query);
        self
    }

    /// Sets the body: these bytes are signed and sent.
    pub const fn with_body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// Says whether the request may be repeated.
    pub const fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }
}

impl fmt::Debug for RawRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest")
            .field("method", &self.method.as_str())
            .field("path", &self.path.as_str())
            .field("body_bytes", &self.body.len())
            .field("repeat", &self.repeat)
            .finish_non_exhaustive()
    }
}
