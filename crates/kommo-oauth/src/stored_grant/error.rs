//! The versions of the stored form, and why stored bytes are not a grant.

use core::{error, fmt};

/// The version that this crate writes, and the newest that it reads.
///
/// A record is written in the oldest version that can represent it: version 2 only while a doubt
/// has an [`Orphan`](crate::grant::Orphan). So an older process reads every record but those, and
/// says "newer" to those.
pub const STORED_GRANT_VERSION: u64 = 2;

/// The version without orphans.
pub(super) const WITHOUT_ORPHANS: u64 = 1;

/// Why stored bytes are not a grant. Of their content, it names only a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredGrantError {
    /// A newer version of this crate wrote it: update the program that reads it.
    Newer {
        /// The version found; the newest known version, if only a field or a name in the record is
        /// unknown.
        found: u64,
    },
    /// It is not in the form that this version writes.
    Damaged {
        /// Which part: the name of a field, or what the whole record is not.
        what: &'static str,
    },
    /// It is the record of a grant other than the requested one.
    OtherKey,
}

impl fmt::Display for StoredGrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { found } if *found <= STORED_GRANT_VERSION => {
                f.write_str("stored grant has a field or a name of a newer version")
            }
            Self::Newer { found } => write!(
                f,
                "stored grant has version {found}, newer than {STORED_GRANT_VERSION}"
            ),
            Self::Damaged { what } => write!(f, "stored grant is damaged: {what}"),
            Self::OtherKey => f.write_str("stored grant belongs to another key"),
        }
    }
}

impl error::Error for StoredGrantError {}
