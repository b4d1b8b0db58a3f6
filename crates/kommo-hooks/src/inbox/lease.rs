//! The right to handle an entry.

/// The right to handle an entry, for a while: a token that was drawn for one claim, and the number
/// of the attempt. It is the fence: whoever settles an entry shows the lease of its last attempt.
///
/// The number alone would not do: it begins anew when an entry is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Lease {
    /// Drawn for the claim.
    pub token: u128,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

impl Lease {
    /// The lease of an attempt.
    #[must_use]
    pub const fn new(token: u128, attempt: u32) -> Self {
        Self { token, attempt }
    }
}
