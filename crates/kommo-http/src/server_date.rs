//! The clock of the other side, as its answers tell it.

use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::raw_response::RawResponse;

/// The header `Date` of an answer, in Unix seconds; none if it is absent, unreadable or before 1970.
pub(crate) fn of(response: &RawResponse) -> Option<u64> {
    unix_seconds(response.header("date")?)
}

/// The pause that a `Retry-After` with a date asks for, counted from the same answer's `Date` (rule E4).
///
/// The form with seconds is read by whoever reads the body, which has no clock.
pub(crate) fn retry_after(response: &RawResponse) -> Option<Duration> {
    let until = unix_seconds(response.header("retry-after")?)?;
    Some(Duration::from_secs(until.saturating_sub(of(response)?)))
}

/// The pause that a `Retry-After` asks for, in either form.
#[cfg(any(feature = "oauth", feature = "crm"))]
pub(crate) fn retry_after_in_any_form(response: &RawResponse) -> Option<Duration> {
    let seconds = response.header("retry-after").and_then(digits);
    seconds
        .map(Duration::from_secs)
        .or_else(|| retry_after(response))
}

/// 1 to 10 decimal digits; a longer number is nonsense.
#[cfg(any(feature = "oauth", feature = "crm"))]
fn digits(text: &str) -> Option<u64> {
    let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn unix_seconds(text: &str) -> Option<u64> {
    let instant: SystemTime = httpdate::parse_http_date(text).ok()?;
    instant
        .duration_since(UNIX_EPOCH)
        .ok()
        .map(|since| since.as_secs())
}
