//! Groups that are there and are not merged now.

use core::fmt;

/// After at most so many merges an unreadable group is tried again.
const MERGES_AT_MOST: u32 = 256;

/// Why a group is not merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// A newer program merges it.
    Newer,
    /// It is damaged, and cannot be set aside.
    Damaged,
    /// The database has it, and it cannot be removed.
    Merged,
    /// It cannot be read. A disk may take seconds to report so, so it is tried again after twice as
    /// many merges each time.
    Unreadable { after: u32, merges: u32 },
}

impl Left {
    pub(super) const UNREADABLE: Self = Self::Unreadable {
        after: 1,
        merges: 1,
    };

    pub(super) const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }

    /// Counts a merge. Whether it is to be tried again in this one.
    pub(super) const fn is_due(&mut self) -> bool {
        match self {
            Self::Unreadable { merges, .. } => {
                *merges = merges.saturating_sub(1);
                *merges == 0
            }
            _ => false,
        }
    }

    /// It was tried again, in vain.
    pub(super) fn again(&self) -> Self {
        match *self {
            Self::Unreadable { after, .. } => {
                let after = (after * 2).min(MERGES_AT_MOST);
                Self::Unreadable {
                    after,
                    merges: after,
                }
            }
            other => other,
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newer => "waits for a newer program, and later ones pass it",
            Self::Damaged => "is damaged and cannot be renamed",
            Self::Merged => "is in the database and cannot be removed",
            Self::Unreadable { .. } => {
                "cannot be read: hooks of its conversations wait behind it, and others pass"
            }
        })
    }
}
