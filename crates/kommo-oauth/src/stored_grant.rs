//! The stored form of a grant and of an unsaved pair: versioned JSON, read back strictly or not at
//! all.
//!
//! ```text
//! {"v":1,"key":"real/…","host":"…","generation":3,"revision":7,"is_admin":true,"state":"in-doubt",
//!  "pairs":{"next":4,"access_rejected":false,"instead_of_rejected":false,"newest":{…},"spares":[…]},"doubt":{…},"holds":[…]}
//! ```
//!
//! `state` decides which of `pairs`, `attempt`, `doubt`, `ended` and `long_lived` are present. An
//! unknown field or name can only come from a newer version, whether that raised `v` or not: an
//! older process says "newer" and does not drop what it cannot read.
//!
//! INVARIANT (I7): whatever cannot be read is an error. A missing field has no default.

mod error;
mod json_text;
mod record;
mod writing;
mod reading;
mod due;

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::grant::{Grant, GrantKey, UnsavedPair};

pub use self::error::{STORED_GRANT_VERSION, StoredGrantError};

impl Grant {
    /// The bytes that a store keeps: JSON, wiped on drop. It contains the tokens in clear text; a
    /// store that encrypts does so afterwards.
    ///
    /// Never panics. [`from_stored`](Self::from_stored) returns an equal grant.
    ///
    /// # Security
    ///
    /// These bytes are as good as the grant itself.
    #[must_use]
    pub fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        writing::grant(self)
    }

    /// Reads what [`to_stored`](Self::to_stored) returned. Never panics, whatever the bytes.
    ///
    /// # Errors
    ///
    /// - `{"v":3,…}`, an unknown field, an unknown name of a state or reason:
    ///   [`StoredGrantError::Newer`].
    /// - `""`, `{"v":1}`, a missing field, a number of a pair that is repeated, an attempt that
    ///   names a pair which is not there: [`StoredGrantError::Damaged`], with the field.
    /// - the record of another grant: [`StoredGrantError::OtherKey`].
    pub fn from_stored(key: &GrantKey, bytes: &[u8]) -> Result<Self, StoredGrantError> {
        reading::grant(key, bytes)
    }
}

impl UnsavedPair {
    /// The bytes of a lifeboat's file: JSON, wiped on drop, with tokens as they are.
    ///
    /// # Security
    ///
    /// These bytes are as good as the grant itself.
    #[must_use]
    pub fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        writing::unsaved_pair(self)
    }

    /// Reads what [`to_stored`](Self::to_stored) returned. Never panics, whatever the bytes.
    ///
    /// # Errors
    ///
    /// As [`Grant::from_stored`]; [`StoredGrantError::OtherKey`] does not occur.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, StoredGrantError> {
        reading::unsaved_pair(bytes)
    }
}
