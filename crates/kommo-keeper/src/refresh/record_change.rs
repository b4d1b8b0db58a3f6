//! A change of a grant's record by compare-and-swap: computed again from the current record as
//! often as another writer was first.

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Revision, Transition};

use crate::ports::clock::Clock as _;
use crate::ports::grant_store::{GrantStore, Written};
use crate::process::context::Context;

/// Conflicts after which a change is given up.
const CONFLICTS_AT_MOST: u32 = 16;

/// The result of a change.
#[derive(Debug)]
pub(crate) enum Changed {
    /// This was written, at this instant.
    Written(Box<Transition>, UnixSeconds),
    /// The record needs no change.
    NotNeeded,
    /// Another writer was first each time.
    Contended,
}

impl<S: GrantStore> Context<S> {
    /// Writes what `change` returns for the record, or for its absence (`None`). If it returns
    /// `None`, nothing is written.
    ///
    /// Without the grant's lock: the revision alone protects the record.
    pub(crate) async fn change(
        &self,
        key: &GrantKey,
        mut change: impl FnMut(Option<Grant>, UnixSeconds) -> Option<Transition> + Send,
    ) -> Result<Changed, S::Error> {
        let mut erased = None;
        for _ in 0..CONFLICTS_AT_MOST {
            let grant = self.store.load(key).await?;
            let now = self.clock.now();
            let Some(mut transition) = change(grant, now) else {
                return Ok(Changed::NotNeeded);
            };
            if let Some(last) = erased
                && transition.grant.revision == Revision::NOT_STORED
            {
                transition.grant = transition.grant.begin_after(last);
            }
            match self.store.write(None, &transition, now).await? {
                Written::Confirmed(_) => return Ok(Changed::Written(Box::new(transition), now)),
                Written::Conflict => {}
                Written::BeginAfter(last) => erased = Some(last),
            }
        }
        Ok(Changed::Contended)
    }
}
