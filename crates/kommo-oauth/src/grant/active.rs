//! The state in which nothing is wrong.

use crate::grant::attempt::Attempt;
use crate::grant::refreshing::Refreshing;
use crate::pairs::Pairs;

/// The newest pair works as far as we know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Active {
    /// What the grant holds.
    pub pairs: Pairs,
}

impl Active {
    pub(crate) fn begin(self, attempt: Attempt) -> Refreshing {
        Refreshing {
            pairs: self.pairs,
            attempt,
            doubt: None,
        }
    }
}
