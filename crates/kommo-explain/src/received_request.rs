//! A request as it was received.

use core::fmt;

/// A Chats API request as it was received: nothing checked, nothing changed.
///
/// `Debug` shows lengths only.
#[derive(Clone, Copy)]
pub struct ReceivedRequest<'a> {
    method: &'a str,
    target: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
}

impl<'a> ReceivedRequest<'a> {
    /// Takes the parts of a request.
    ///
    /// - `target`: path and query as in the request line, or a full URL.
    /// - `headers`: names in any letter case, in the order in which they came, repeated ones too.
    ///   Spaces and tabs around a value are none of it, as in HTTP.
    /// - `body`: the raw bytes; empty if there was none.
    #[must_use]
    pub const fn new(
        method: &'a str,
        target: &'a str,
        headers: &'a [(&'a str, &'a str)],
        body: &'a [u8],
    ) -> Self {
        Self {
            method,
            target,
            headers,
            body,
        }
    }

    /// The method as it came.
    #[must_use]
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// Path and query, or the full URL, as they came.
    #[must_use]
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The values of a header, without the spaces around them, in the order in which they came.
    pub fn header(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_matches([' ', '\t']))
    }

    /// Every header that came, without the spaces around names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.trim(), value.trim_matches([' ', '\t'])))
    }

    /// The raw body.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }
}

impl fmt::Debug for ReceivedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest")
            .field("method_bytes", &self.method.len())
            .field("target_bytes", &self.target.len())
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
