//! How many secrets one owner of attempts may bring before they are proven: one who has many states
//! brings many, and the store takes only a limited number of all together.

use alloc::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::UnixSeconds;

use crate::consent::sealed_attempt::{ATTEMPT_SECONDS, OwnerTag};

/// A person connects one account, perhaps a few; a real user does not make this many integrations
/// in twenty minutes.
const SECRETS_MAX: u32 = 10;
/// The most owners that are remembered; then the one whose time ends first is forgotten.
const OWNERS_MAX: usize = 16_384;

/// What each owner brought lately.
#[derive(Debug, Default)]
pub(crate) struct OwnerRoom(Mutex<BTreeMap<OwnerTag, (UnixSeconds, u32)>>);

impl OwnerRoom {
    /// Whether one more is taken of this owner.
    pub(crate) fn take(&self, owner: OwnerTag, now: UnixSeconds) -> bool {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |until: UnixSeconds| until < now;
        if owners.len() >= OWNERS_MAX {
            owners.retain(|_, (until, _)| !is_over(*until));
        }
        if owners.len() >= OWNERS_MAX {
            let first = owners.iter().min_by_key(|(_, (until, _))| *until);
            if let Some(first) = first.map(|(owner, _)| *owner) {
                owners.remove(&first);
            }
        }
        let until = UnixSeconds::new(now.get().saturating_add(ATTEMPT_SECONDS));
        let (ends_at, brought) = owners.entry(owner).or_insert((until, 0));
        if is_over(*ends_at) {
            (*ends_at, *brought) = (until, 0);
        }
        *brought = brought.saturating_add(1);
        *brought <= SECRETS_MAX
    }

    /// One came to a grant, so it does not count.
    pub(crate) fn give_back(&self, owner: OwnerTag) {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, brought)) = owners.get_mut(&owner) {
            *brought = brought.saturating_sub(1);
        }
    }
}
