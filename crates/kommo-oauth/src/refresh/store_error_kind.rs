//! What kind of trouble a store has: an error of the store, in a form that a run of the refresh protocol can carry.

/// What kind of trouble a store has, and so whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached, or is full: try again.
    Unavailable,
    /// A record cannot be read. It is not "no tokens"; it must be looked at.
    Damaged,
    /// A record, or the whole store, was written by a newer version: update this program.
    NewerVersion,
    /// A record is encrypted with a key that was not given.
    WrongKey,
    /// Another record stands where this one was to be written, and stays.
    Taken,
    /// What this belongs to was erased on request meanwhile, and is not to come back.
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

    /// Whether it goes on until a person does something. Only a store that is out of reach comes back by itself.
    #[must_use]
    pub const fn needs_person(self) -> bool {
        !matches!(self, Self::Unavailable)
    }
}
