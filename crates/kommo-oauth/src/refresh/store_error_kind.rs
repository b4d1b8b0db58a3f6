//! The kind of a store's error, in a form that a run of the refresh protocol can carry.

/// The kind of a store's error, which says who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached, or is full: try again.
    Unavailable,
    /// A record cannot be read. It does not mean "no tokens"; a person must look at it.
    Damaged,
    /// A record, or the whole store, was written by a newer version: update this program.
    NewerVersion,
    /// A record is encrypted with a key that was not given.
    WrongKey,
    /// Another record is stored under this key, and stays.
    Taken,
    /// The account was erased on request meanwhile, and must not come back.
    Erased,
    /// The store is set up in a way that could lose a token, or by a mistake of the caller.
    Misconfigured,
}

impl StoreErrorKind {
    /// The name that logs and the command line use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "store-failed",
            Self::Damaged => "store-damaged",
            Self::NewerVersion => "store-newer",
            Self::WrongKey => "store-key-wrong",
            Self::Taken => "store-taken",
            Self::Erased => "store-erased",
            Self::Misconfigured => "store-misconfigured",
        }
    }

    /// Whether it lasts until a person acts. Only an unreachable store can recover by itself.
    #[must_use]
    pub const fn needs_person(self) -> bool {
        !matches!(self, Self::Unavailable)
    }
}
