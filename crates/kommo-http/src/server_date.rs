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
/// The form with seconds is read by [`ErrorBody`](kommo_chats::ErrorBody), which has no clock.
pub(crate) fn retry_after(response: &RawResponse) -> Option<Duration> {
    let until = unix_seconds(response.header("retry-after")?)?;
    Some(Duration::from_secs(until.saturating_sub(of(response)?)))
}

fn unix_seconds(text: &str) -> Option<u64> {
    let instant: SystemTime = httpdate::parse_http_date(text).ok()?;
    instant
        .duration_since(UNIX_EPOCH)
        .ok()
        .map(|since| since.as_secs())
}
