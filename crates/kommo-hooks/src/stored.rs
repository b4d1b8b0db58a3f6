//! What was proven before it was stored, read back from a store.

use core::fmt;

use crate::verified::{FromProven, Proof};

/// A value that a verifier proved before it was stored. It is made only from a recorded verdict
/// (invariant I9): by [`proven_when_stored`](crate::dangerous::proven_when_stored).
///
/// It is another type than [`Verified`](crate::Verified), since anyone who can write to the store
/// can change it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StoredVerified<T> {
    value: T,
    proof: Proof,
}

impl<T> StoredVerified<T> {
    pub(crate) const fn new(value: T, proof: Proof) -> Self {
        Self { value, proof }
    }

    /// The value that was proven.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// The verdict, as it was recorded.
    #[must_use]
    pub const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The value alone, without the evidence.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<'a> StoredVerified<&'a [u8]> {
    /// Reads the stored bytes into a typed event, which stays one that was proven when it was
    /// stored.
    ///
    /// # Errors
    ///
    /// What the reader of the event says.
    pub fn read<E: FromProven<'a>>(&self) -> Result<StoredVerified<E>, E::Error> {
        Ok(StoredVerified {
            value: E::from_proven(self.value)?,
            proof: self.proof,
        })
    }
}

/// Hides what was proven: a body is a person's message. The proof is shown.
impl<T> fmt::Debug for StoredVerified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredVerified")
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}
