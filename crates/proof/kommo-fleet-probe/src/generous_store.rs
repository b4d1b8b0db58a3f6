//! A mistake on purpose: a store that grants the lock to every worker that asks. The drives must
//! detect it.

use core::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Realm};
use kommo_keeper::{
    ClaimedCode, CodeEnd, CodePut, DueClaim, DueGrants, GrantStore, PendingCode, PendingCodes,
    Written,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Transition};
use kommo_oauth::token::TokenPair;

use crate::failure::Result;
use crate::fleet_store::FleetStore;

/// The inner store, with locks without effect.
pub(crate) struct GenerousStore<S>(pub(crate) S);

type Outcome<T, S> = core::result::Result<T, <S as GrantStore>::Error>;

impl<S: FleetStore> GrantStore for GenerousStore<S> {
    type Error = <S as GrantStore>::Error;
    /// None, where another has the true one.
    type Lock = Option<S::Lock>;

    async fn load(&self, key: &GrantKey) -> Outcome<Option<Grant>, S> {
        self.0.load(key).await
    }

    async fn try_lock(&self, key: &GrantKey) -> Outcome<Option<Self::Lock>, S> {
        Ok(Some(self.0.try_lock(key).await?))
    }

    async fn still_held(&self, _: &mut Self::Lock) -> Outcome<bool, S> {
        Ok(true)
    }

    async fn write(
        &self,
        lock: Option<&mut Self::Lock>,
        moved: &Transition,
        at: UnixSeconds,
    ) -> Outcome<Written, S> {
        let lock = lock.and_then(Option::as_mut);
        self.0.write(lock, moved, at).await
    }

    async fn unlock(&self, lock: Self::Lock) -> Outcome<(), S> {
        match lock {
            Some(lock) => self.0.unlock(lock).await,
            None => Ok(()),
        }
    }

    async fn keys(&self, after: Option<&GrantKey>, limit: u32) -> Outcome<Vec<GrantKey>, S> {
        self.0.keys(after, limit).await
    }

    async fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Outcome<Vec<GrantKey>, S> {
        self.0.keys_of_account(realm, client_id, account_id).await
    }
}

impl<S: FleetStore> DueGrants for GenerousStore<S> {
    type Error = <S as GrantStore>::Error;

    async fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Outcome<Vec<DueClaim>, S> {
        self.0.claim_due(realm, client_id, now, limit, lease).await
    }

    async fn settle_due(&self, settled: &[(DueClaim, Option<UnixSeconds>)]) -> Outcome<(), S> {
        self.0.settle_due(settled).await
    }
}

impl<S: FleetStore> PendingCodes for GenerousStore<S> {
    type Error = <S as GrantStore>::Error;

    async fn put_code(&self, pending: &PendingCode) -> Outcome<CodePut, S> {
        self.0.put_code(pending).await
    }

    async fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> Outcome<u64, S> {
        self.0.expire_codes(realm, client_id, now).await
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Outcome<Vec<ClaimedCode>, S> {
        let claimed = self.0.claim_codes(realm, client_id, now, limit, lease);
        claimed.await
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Outcome<Vec<ClaimedCode>, S> {
        let claimed = self.0.claim_consents(realm, client_id, now, limit, lease);
        claimed.await
    }

    async fn lift_code_pauses(
        &self,
        realm: Realm,
        client_id: &ClientId,
        host: Option<AccountHost>,
    ) -> Outcome<u64, S> {
        self.0.lift_code_pauses(realm, client_id, host).await
    }

    async fn claim_code(
        &self,
        pending: &PendingCode,
        now: UnixSeconds,
        lease: Duration,
    ) -> Outcome<Option<ClaimedCode>, S> {
        self.0.claim_code(pending, now, lease).await
    }

    async fn note_code(&self, claimed: &ClaimedCode, why: &str) -> Outcome<(), S> {
        self.0.note_code(claimed, why).await
    }

    async fn keep_answer(&self, claimed: &ClaimedCode, pair: &TokenPair) -> Outcome<(), S> {
        self.0.keep_answer(claimed, pair).await
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Outcome<(), S> {
        self.0.settle_code(claimed, end).await
    }
}

impl<S: FleetStore> FleetStore for GenerousStore<S> {
    async fn story(&self, key: &GrantKey) -> Result<Vec<String>> {
        self.0.story(key).await
    }
}
