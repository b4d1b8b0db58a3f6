//! A request as it came over the wire: nothing decoded, nothing normalised.

use core::fmt;

/// The request that is judged, and that an [`Explainer`](crate::Explainer) gets to see.
///
/// `Debug` shows the method, header names and lengths, never a value: a target, a header or a body
/// may hold a secret by mistake.
#[derive(Clone, Copy)]
pub struct ReceivedRequest<'a> {
    method: &'a str,
    target: &'a str,
    headers: &'a [(&'a str, &'a [u8])],
    body: &'a [u8],
}

impl<'a> ReceivedRequest<'a> {
    /// A request of these parts; header names in lower case.
    #[must_use]
    pub const fn new(
        method: &'a str,
        target: &'a str,
        headers: &'a [(&'a str, &'a [u8])],
        body: &'a [u8],
    ) -> Self {
        Self {
            method,
            target,
            headers,
            body,
        }
    }

    /// The method as it stood on the wire.
    #[must_use]
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// Path and query as they stood on the wire.
    #[must_use]
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The target without its query: what is signed (rule S6).
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.target
            .split_once('?')
            .map_or(self.target, |(path, _)| path)
    }

    /// All headers in the order received: names in lower case, values as received, which may be no
    /// UTF-8.
    #[must_use]
    pub const fn headers(&self) -> &'a [(&'a str, &'a [u8])] {
        self.headers
    }

    /// The values of one header, named in lower case.
    pub(crate) fn values(&self, name: &'static str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.headers
            .iter()
            .filter(move |(given, _)| *given == name)
            .map(|(_, value)| *value)
    }

    /// The body's bytes.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }
}

impl fmt::Debug for ReceivedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("ReceivedRequest")
            .field("method", &self.method)
            .field("target_bytes", &self.target.len())
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
