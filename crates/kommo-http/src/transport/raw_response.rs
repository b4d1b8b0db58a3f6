//! An answer as it came: status, headers, body.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use kommo_peer::{is_json, json_text};
use reqwest::header::HeaderMap;
use zeroize::Zeroizing;

/// A whole answer, its body no longer than the transport's limit, and without a content coding. The
/// body is wiped on drop.
///
/// `Debug` shows the status and the length of the body alone.
#[derive(Clone, PartialEq, Eq)]
pub struct RawResponse {
    status: u16,
    pub(crate) headers: HeaderMap,
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
    /// one name are together.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// All headers, each value with its bytes as they came, in the order of
    /// [`headers`](Self::headers). HTTP allows bytes beyond ASCII, and servers send them.
    pub fn header_bytes(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_bytes()))
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

    /// The header `X-Request-Id`, which the platform's support asks for. One with more than 64
    /// bytes, as a token has, is left out. Whoever answers may put there what was sent: look for
    /// that before it is logged.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.header("x-request-id").filter(|id| id.len() <= 64)
    }

    /// The server's clock by the header `Date`, in Unix seconds; none if it is absent, unreadable
    /// or before 1970.
    #[must_use]
    pub fn server_date(&self) -> Option<u64> {
        unix_seconds(self.header("date")?)
    }

    /// The pause that the header `Retry-After` asks for: seconds, or a date, which counts from the
    /// same answer's `Date` (rule E4).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.pause_from(self.server_date())
    }

    /// The same; without a `Date`, a date counts from `now`.
    #[cfg(feature = "webhook")]
    pub(crate) fn retry_after_from(&self, now_seconds: u64) -> Option<Duration> {
        self.pause_from(self.server_date().or(Some(now_seconds)))
    }

    fn pause_from(&self, now_seconds: Option<u64>) -> Option<Duration> {
        let text = self.header("retry-after")?;
        let seconds = digits(text).or_else(|| {
            let until = unix_seconds(text)?;
            Some(until.saturating_sub(now_seconds?))
        });
        seconds.map(Duration::from_secs)
    }

    /// Whether the body is JSON. Refusals of the platform are; pages are made by something on the
    /// way.
    #[must_use]
    pub fn is_json(&self) -> bool {
        is_json(self.content_type(), &self.body)
    }

    /// Whether there is nothing in the body but white space and a byte-order mark.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        is_blank(&self.body)
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

/// Whether there is nothing in a body but white space and a byte-order mark.
pub(crate) fn is_blank(body: &[u8]) -> bool {
    json_text(body).trim_ascii().is_empty()
}

/// 1 to 10 decimal digits; a longer number is nonsense.
fn digits(text: &str) -> Option<u64> {
    let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn unix_seconds(text: &str) -> Option<u64> {
    let instant: SystemTime = httpdate::parse_http_date(text).ok()?;
    let since = instant.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
