//! The state of a grant whose refresh token may have been spent without our having the new one.

use crate::grant::attempt::{Attempt, Doubt};
use crate::grant::refreshing::Refreshing;
use crate::pairs::Pairs;

/// A refresh was sent and nobody knows what became of it. The access token that we hold goes on serving.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InDoubt {
    /// What the grant holds.
    pub pairs: Pairs,
    /// What is known.
    pub doubt: Doubt,
}

impl InDoubt {
    pub(crate) fn begin(self, attempt: Attempt) -> Refreshing {
        Refreshing {
            pairs: self.pairs,
            attempt,
            doubt: Some(self.doubt),
        }
    }
}
