//! The state of a grant whose refresh is on its way.

use crate::grant::attempt::{Attempt, Doubt, DoubtReason};
use crate::pairs::Pairs;
use crate::unix_time::UnixSeconds;

/// An attempt is written down; its answer is not.
///
/// Whoever finds this and holds the lock knows that the worker of the attempt is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Refreshing {
    /// What the grant holds.
    pub pairs: Pairs,
    /// The attempt on its way.
    pub attempt: Attempt,
    /// The doubt that an earlier attempt left; this one is its declared retry.
    pub doubt: Option<Doubt>,
}

impl Refreshing {
    /// Nobody knows what became of the attempt.
    pub(crate) fn doubt(
        self,
        reason: DoubtReason,
        now: UnixSeconds,
        next_try: UnixSeconds,
    ) -> (Pairs, Doubt) {
        let doubt = Doubt {
            reason,
            used: self.attempt.used,
            since: self.doubt.map_or(now, |earlier| earlier.since),
            tries: self
                .doubt
                .map_or(1, |earlier| earlier.tries.saturating_add(1)),
            next_try,
            orphan: self.doubt.and_then(|earlier| earlier.orphan),
        };
        (self.pairs, doubt)
    }

    /// The attempt certainly changed nothing: it did not leave, or it was answered by a refusal
    /// that spends no token. What is left is what was before: nothing wrong, or the earlier doubt.
    pub(crate) fn without_effect(self, next_try: UnixSeconds) -> (Pairs, Option<Doubt>) {
        let doubt = self.doubt.map(|doubt| Doubt { next_try, ..doubt });
        (self.pairs, doubt)
    }
}
