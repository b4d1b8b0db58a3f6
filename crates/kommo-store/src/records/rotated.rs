//! What a rotation of the encryption key did, of a store or of a lifeboat.

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotated {
    /// Records that are sealed anew.
    pub resealed: u64,
    /// Records that had the right key already, or got it from another writer meanwhile.
    pub current: u64,
}
