//! A result, and what it took to get it.

/// The requests of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OpenApiAttempts {
    /// How many were sent, or were tried to send.
    pub count: u32,
    /// Whether one before the last may have been carried out: it had no answer that can be read,
    /// or a 5xx.
    pub has_unknown_outcome: bool,
}

impl OpenApiAttempts {
    /// Of a call that sent nothing.
    pub(crate) const NONE: Self = Self {
        count: 0,
        has_unknown_outcome: false,
    };
}

/// The result of a call of the Open API, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenApiAnswer<T> {
    pub(crate) value: T,
    pub(crate) status: u16,
    pub(crate) attempts: u32,
}

impl<T> OpenApiAnswer<T> {
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

    /// The HTTP status. It is 200 in all that is documented; the code of the envelope decides.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// How many requests this call sent; 1 if the first one succeeded.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }
}
