//! When a message was written: the platform wants seconds and milliseconds.

use kommo_peer::JsonObject;

/// A time in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Takes Unix milliseconds.
    #[must_use]
    pub const fn from_unix_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Takes Unix seconds.
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    pub(super) fn write(self, object: JsonObject) -> JsonObject {
        object
            .number("timestamp", self.0 / 1000)
            .number("msec_timestamp", self.0)
    }
}
