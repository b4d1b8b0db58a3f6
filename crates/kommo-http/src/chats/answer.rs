//! A result, and what it took to get it.

/// The result of a call, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    pub(crate) value: T,
    pub(crate) status: u16,
    pub(crate) attempts: u32,
    pub(crate) learned_offset_seconds: Option<i64>,
    pub(crate) server_date: Option<u64>,
}

impl<T> Answer<T> {
    /// The result.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The result alone.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// The HTTP status: 200 to 299.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// How many requests this call sent; 1 if the first one succeeded.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The clock offset that this call learned, in seconds to add to our clock; 0 if an offset from
    /// before was taken back.
    ///
    /// If there is one, this machine's clock should be corrected (rule T3).
    #[must_use]
    pub const fn learned_offset_seconds(&self) -> Option<i64> {
        self.learned_offset_seconds
    }

    /// The platform's clock by the header `Date`, in Unix seconds.
    #[must_use]
    pub const fn server_date(&self) -> Option<u64> {
        self.server_date
    }

    pub(crate) fn try_map<U, E>(
        self,
        convert: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Answer<U>, E> {
        Ok(Answer {
            value: convert(self.value)?,
            status: self.status,
            attempts: self.attempts,
            learned_offset_seconds: self.learned_offset_seconds,
            server_date: self.server_date,
        })
    }
}
