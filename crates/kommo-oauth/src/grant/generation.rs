//! The three counters of a grant. Each has its own type, since mixing two of them up would lose an
//! account.

use core::fmt;

macro_rules! counter {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The first of all.
            pub const FIRST: Self = Self(1);

            /// The number as it was stored.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one after it.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

counter! {
    /// The fence: which pair is the grant's newest. A refresh, a new consent, a logout and a
    /// confirmed disconnect raise it; doubt, holds and
    /// [`ReauthRequired`](crate::grant::ReauthRequired) do not.
    Generation
}

counter! {
    /// How often the stored record was written. A write names the revision that it was made from
    /// and is refused if the record has moved on.
    Revision
}

counter! {
    /// Names one of the pairs that a grant holds. Never given twice within a grant.
    PairNumber
}

impl Generation {
    /// The same number, counted from the end of another generation instead of from zero.
    pub(crate) const fn after(self, last: Self) -> Self {
        Self(self.0.saturating_add(last.0))
    }
}

impl PairNumber {
    /// The same number, counted from the end of a generation instead of from zero.
    pub(crate) const fn after(self, last: Generation) -> Self {
        Self(self.0.saturating_add(last.0))
    }
}

impl Revision {
    /// Of a record that is not stored yet.
    pub const NOT_STORED: Self = Self(0);
}
