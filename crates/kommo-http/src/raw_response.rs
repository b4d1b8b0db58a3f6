//! An answer as it came: status, headers, body.

use alloc::vec::Vec;
use core::fmt;

use reqwest::header::HeaderMap;
use zeroize::Zeroizing;

/// A whole answer, its body no longer than the transport's limit, and without a content coding. The
/// body is wiped on drop.
///
/// `Debug` shows the status and the length of the body alone.
#[derive(Clone, PartialEq, Eq)]
pub struct RawResponse {
    status: u16,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl RawResponse {
    pub(crate) const fn new(status: u16, headers: HeaderMap, body: Zeroizing<Vec<u8>>) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 200 to 299.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// All headers whose values are printable ASCII, in the order of their arrival; the values of
    /// one name stand together.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The first header of that name, in any case, if its value is printable ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The header `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The header `X-Request-Id`, which the platform's support asks for. One with more than 64 bytes, as a token has, is left
    /// out. Whoever answers may put there what was sent: look for that before it is logged.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.header("x-request-id").filter(|id| id.len() <= 64)
    }

    /// The same with some headers alone, and with the body or without it.
    #[cfg(feature = "crm")]
    pub(crate) fn reduced(&self, is_kept: impl Fn(&[u8]) -> bool, has_body: bool) -> Self {
        let headers = self.headers.iter();
        let headers = headers.filter(|(_, value)| is_kept(value.as_bytes()));
        let mut kept = HeaderMap::new();
        for (name, value) in headers {
            kept.append(name.clone(), value.clone());
        }
        let body = if has_body {
            self.body.clone()
        } else {
            Zeroizing::new(Vec::new())
        };
        Self::new(self.status, kept, body)
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, without a copy. It is the caller's to wipe then.
    #[must_use]
    pub fn into_body(mut self) -> Vec<u8> {
        core::mem::take(&mut self.body)
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
