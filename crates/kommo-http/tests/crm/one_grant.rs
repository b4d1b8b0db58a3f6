//! A store in memory with room for one grant, for a keeper behind the client.

use std::fmt;
use std::sync::{Arc, Mutex};

use kommo_account::{AccountId, ClientId, Realm};
use kommo_keeper::{GrantStore, StoreError, StoreErrorKind, Written};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Revision, Transition};

#[derive(Clone, Default)]
pub(crate) struct OneGrant {
    kept: Arc<Mutex<Option<Grant>>>,
    is_locked: Arc<Mutex<bool>>,
}

impl OneGrant {
    pub(crate) fn grant(&self) -> Grant {
        self.kept.lock().unwrap().clone().unwrap()
    }
}

/// Nothing fails here.
#[derive(Debug)]
pub(crate) struct NeverFails;

impl fmt::Display for NeverFails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that never fails has failed")
    }
}

impl std::error::Error for NeverFails {}

impl StoreError for NeverFails {
    fn kind(&self) -> StoreErrorKind {
        StoreErrorKind::Unavailable
    }
}

pub(crate) struct OneLock(Arc<Mutex<bool>>);

impl Drop for OneLock {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = false;
    }
}

impl GrantStore for OneGrant {
    type Error = NeverFails;
    type Lock = OneLock;

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>, NeverFails> {
        let kept = self.kept.lock().unwrap().clone();
        Ok(kept.filter(|grant| grant.key == *key))
    }

    async fn try_lock(&self, _: &GrantKey) -> Result<Option<OneLock>, NeverFails> {
        let mut is_locked = self.is_locked.lock().unwrap();
        let was_locked = std::mem::replace(&mut *is_locked, true);
        Ok((!was_locked).then(|| OneLock(Arc::clone(&self.is_locked))))
    }

    async fn write(
        &self,
        _: Option<&mut OneLock>,
        moved: &Transition,
        _: UnixSeconds,
    ) -> Result<Written, NeverFails> {
        let mut kept = self.kept.lock().unwrap();
        let found = kept
            .as_ref()
            .map_or(Revision::NOT_STORED, |grant| grant.revision);
        if found != moved.grant.revision {
            return Ok(Written::Conflict);
        }
        let mut grant = moved.grant.clone();
        grant.revision = found.next();
        *kept = Some(grant);
        Ok(Written::Confirmed(found.next()))
    }

    async fn unlock(&self, lock: OneLock) -> Result<(), NeverFails> {
        drop(lock);
        Ok(())
    }

    async fn keys(&self, _: Option<&GrantKey>, _: u32) -> Result<Vec<GrantKey>, NeverFails> {
        Ok(self
            .kept
            .lock()
            .unwrap()
            .iter()
            .map(|grant| grant.key)
            .collect())
    }

    async fn keys_of_account(
        &self,
        _: Realm,
        _: &ClientId,
        _: AccountId,
    ) -> Result<Vec<GrantKey>, NeverFails> {
        self.keys(None, 1).await
    }
}
