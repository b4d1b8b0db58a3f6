//! Which states were used already, in this process.
//!
//! For `secrets_uri`, whose caller gets nothing but a status. For the browsers see `used_attempts`.

use alloc::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::UnixSeconds;

use crate::consent::sealed_attempt::StateDigest;

/// The most states that are remembered. Each was brought back by the browser that began it, so an
/// attacker who wants to fill this must complete as many consents; then the one that ends first is
/// forgotten first.
const REMEMBERED_MAX: usize = 65_536;

/// Used states, by their end.
#[derive(Debug, Default)]
pub(crate) struct UsedStates(Mutex<BTreeSet<(UnixSeconds, StateDigest)>>);

impl UsedStates {
    /// Marks a state as used. `false` if it was already.
    pub(crate) fn take(&self, digest: StateDigest, ends_at: UnixSeconds, now: UnixSeconds) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while used.first().is_some_and(|(end, _)| *end < now) || used.len() >= REMEMBERED_MAX {
            used.pop_first();
        }
        used.insert((ends_at, digest))
    }

    /// Removes the mark, because the use had no effect.
    pub(crate) fn give_back(&self, digest: StateDigest, ends_at: UnixSeconds) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.remove(&(ends_at, digest));
    }
}
