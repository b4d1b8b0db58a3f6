//! What no part of the world shows by itself: what has happened so far.

extern crate alloc;

use alloc::collections::BTreeSet;

use crate::broken::Rule;
use crate::platform::PairId;

/// Kept small: what no longer matters is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    /// Pairs that a record of the store has held.
    pub(crate) durable: BTreeSet<PairId>,
    /// Pairs whose access token was handed out.
    pub(crate) handed_out: BTreeSet<PairId>,
    /// Pairs that a worker has received, that the platform honours, and that must be held
    /// somewhere.
    pub(crate) received: BTreeSet<PairId>,
    /// Pairs whose refresh token was sent without a declared doubt, and may have been used.
    pub(crate) sent_plainly: BTreeSet<PairId>,
    /// Consents whose pairs were erased on request.
    pub(crate) erased: BTreeSet<PairId>,
    /// What broke first.
    pub(crate) broken: Option<Rule>,
}

impl Seen {
    pub(crate) fn broke(&mut self, rule: Rule) {
        self.broken.get_or_insert(rule);
    }
}
