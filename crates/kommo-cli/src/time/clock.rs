//! The wall clock: only this file reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::exit::Failure;

/// Now, in seconds since 1970-01-01 00:00:00 UTC.
pub(crate) fn unix_now() -> Result<u64, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program is where the clock comes from; the libraries get it as an argument"
    )]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).map_err(|_| {
        Failure::io("the clock of this machine is set before 1970")
            .hint("set it, or give --at TIME")
    })?;
    Ok(since.as_secs())
}
