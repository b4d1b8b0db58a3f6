//! A pair that could not be saved, as it is written to a file beside the store until it can be.

use crate::grant::attempt::AttemptId;
use crate::grant::generation::{Generation, PairNumber};
use crate::grant::key::GrantKey;
use crate::token::TokenPair;

/// A pair that the platform issued and the store has not confirmed. It is not used before it is
/// saved (I4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UnsavedPair {
    /// Whose it is.
    pub key: GrantKey,
    /// The attempt that it answers; names the file.
    pub attempt: AttemptId,
    /// The generation that the attempt started from: the fence, when the file is read.
    pub base: Generation,
    /// The pair whose refresh token was sent.
    pub used: PairNumber,
    /// The tokens.
    pub pair: TokenPair,
}

impl UnsavedPair {
    /// A pair that answers an attempt.
    #[must_use]
    pub const fn new(
        key: GrantKey,
        attempt: AttemptId,
        base: Generation,
        used: PairNumber,
        pair: TokenPair,
    ) -> Self {
        Self {
            key,
            attempt,
            base,
            used,
            pair,
        }
    }
}
