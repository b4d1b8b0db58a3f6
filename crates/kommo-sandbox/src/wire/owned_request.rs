//! A request that outlives its connection.

use axum::http::request::Parts;

use crate::wire::received_request::ReceivedRequest;

/// Head and body of a request, read to its end.
pub(crate) struct OwnedRequest {
    pub(crate) parts: Parts,
    pub(crate) body: Vec<u8>,
}

impl OwnedRequest {
    /// Path and query as received.
    pub(crate) fn target(&self) -> &str {
        let target = self.parts.uri.path_and_query();
        target.map_or("", |target| target.as_str())
    }

    /// What `read` makes of the request.
    pub(crate) fn view<T>(&self, read: impl FnOnce(&ReceivedRequest<'_>) -> T) -> T {
        let headers: Vec<_> = self
            .parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let method = self.parts.method.as_str();
        read(&ReceivedRequest::new(
            method,
            self.target(),
            &headers,
            &self.body,
        ))
    }
}
