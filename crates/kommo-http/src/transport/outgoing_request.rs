//! A request as the transport takes it: everything borrowed, nothing made twice.

use alloc::vec::Vec;
use core::fmt;

use kommo_sign::{RequestMethod, RequestPath};

use crate::transport::request_query::RequestQuery;

/// One request: method, path, perhaps a query, headers, body.
///
/// The transport adds `Host`, `User-Agent`, `Accept`, `Accept-Encoding: identity` and
/// `Content-Length`, and nothing else. `Debug` shows the names of the headers, no value, and the
/// length of the body.
#[derive(Clone)]
pub struct OutgoingRequest<'a> {
    method: RequestMethod<'a>,
    path: RequestPath<'a>,
    query: Option<RequestQuery<'a>>,
    headers: Vec<OutgoingHeader<'a>>,
    body: &'a [u8],
}

/// A header, and whether its value may be seen by whatever logs headers.
#[derive(Clone, Copy)]
pub(crate) struct OutgoingHeader<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    pub(crate) is_sensitive: bool,
}

impl<'a> OutgoingRequest<'a> {
    /// A request without query, headers and body.
    #[must_use]
    pub const fn new(method: RequestMethod<'a>, path: RequestPath<'a>) -> Self {
        Self {
            method,
            path,
            query: None,
            headers: Vec::new(),
            body: &[],
        }
    }

    /// Sets the query, or none.
    #[must_use]
    pub fn with_query(self, query: Option<RequestQuery<'a>>) -> Self {
        Self { query, ..self }
    }

    /// Adds a header. What cannot be sent is refused by
    /// [`Transport::send`](crate::Transport::send).
    #[must_use]
    pub fn with_header(self, name: &'a str, value: &'a str) -> Self {
        self.push(OutgoingHeader {
            name,
            value,
            is_sensitive: false,
        })
    }

    /// Adds a header whose value is a secret or a signature: the HTTP library does not show it.
    #[must_use]
    pub fn with_sensitive_header(self, name: &'a str, value: &'a str) -> Self {
        self.push(OutgoingHeader {
            name,
            value,
            is_sensitive: true,
        })
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(self, body: &'a [u8]) -> Self {
        Self { body, ..self }
    }

    fn push(mut self, header: OutgoingHeader<'a>) -> Self {
        self.headers.push(header);
        self
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> RequestMethod<'a> {
        self.method
    }

    /// The path.
    #[must_use]
    pub const fn path(&self) -> RequestPath<'a> {
        self.path
    }

    /// The query.
    #[must_use]
    pub const fn query(&self) -> Option<RequestQuery<'a>> {
        self.query
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    pub(crate) fn headers(&self) -> &[OutgoingHeader<'a>] {
        &self.headers
    }
}

impl fmt::Debug for OutgoingRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|header| header.name).collect();
        f.debug_struct("OutgoingRequest")
            .field("method", &self.method.as_str())
            .field("path", &self.path.as_str())
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
