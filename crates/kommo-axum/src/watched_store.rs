//! A store that tells which code was claimed, so that the callback knows which outcome is that of
//! its own code.
//!
//! The keeper exchanges whatever code waits, and says what came of it, not which code it was. An
//! outcome bound to the wrong browser would give one user the account of another, so no guess will
//! do: while a keeper works inside [`watching`], each code that it claims here is noted in that
//! task alone.

use core::cell::RefCell;
use core::future::Future;
use core::time::Duration;

use kommo_account::{AccountId, ClientId, Realm};
use kommo_keeper::{
    ClaimedCode, CodeEnd, CodePut, DueClaim, DueGrants, GrantStore, PendingCode, PendingCodes,
    Written,
};
use kommo_oauth::{AuthorizationCode, Grant, GrantKey, TokenPair, Transition, UnixSeconds};

tokio::task_local! {
    static CLAIMED: RefCell<Option<AuthorizationCode>>;
}

/// Does the work and says which code was claimed in it; the first, if it is more than one.
pub(crate) async fn watching<F: Future>(work: F) -> (Option<AuthorizationCode>, F::Output) {
    CLAIMED
        .scope(RefCell::new(None), async {
            let output = work.await;
            (CLAIMED.with(|claimed| claimed.borrow_mut().take()), output)
        })
        .await
}

fn note(claims: &[ClaimedCode]) {
    let Some(first) = claims.first() else {
        return;
    };
    // Outside of `watching` nobody wants to know.
    let _ = CLAIMED.try_with(|claimed| {
        claimed
            .borrow_mut()
            .get_or_insert_with(|| first.pending.code.clone());
    });
}

/// A store as it is, for a keeper that these routes work with.
#[derive(Clone, Debug)]
pub struct WatchedStore<S> {
    inner: S,
}

impl<S> WatchedStore<S> {
    /// The same store, watched.
    #[must_use]
    pub const fn new(inner: S) -> Self {
        Self { inner }
    }

    /// The store inside.
    #[must_use]
    pub const fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: GrantStore> GrantStore for WatchedStore<S> {
    type Error = <S as GrantStore>::Error;
    type Lock = S::Lock;

    fn load(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Grant>, Self::Error>> + Send {
        self.inner.load(key)
    }

    fn load_locked(
        &self,
        lock: &mut Self::Lock,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Grant>, Self::Error>> + Send {
        self.inner.load_locked(lock, key)
    }

    fn try_lock(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Self::Lock>, Self::Error>> + Send {
        self.inner.try_lock(key)
    }

    fn still_held(
        &self,
        lock: &mut Self::Lock,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        self.inner.still_held(lock)
    }

    fn write(
        &self,
        lock: Option<&mut Self::Lock>,
        moved: &Transition,
        at: UnixSeconds,
    ) -> impl Future<Output = Result<Written, Self::Error>> + Send {
        self.inner.write(lock, moved, at)
    }

    fn unlock(&self, lock: Self::Lock) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.unlock(lock)
    }

    fn keys(
        &self,
        after: Option<&GrantKey>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send {
        self.inner.keys(after, limit)
    }

    fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send {
        self.inner.keys_of_account(realm, client_id, account_id)
    }
}

impl<S: PendingCodes> PendingCodes for WatchedStore<S> {
    type Error = <S as PendingCodes>::Error;

    fn put_code(
        &self,
        pending: &PendingCode,
    ) -> impl Future<Output = Result<CodePut, Self::Error>> + Send {
        self.inner.put_code(pending)
    }

    fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send {
        self.inner.expire_codes(realm, client_id, now)
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, Self::Error> {
        let claims = self
            .inner
            .claim_codes(realm, client_id, now, limit, lease)
            .await?;
        note(&claims);
        Ok(claims)
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, Self::Error> {
        let claims = self
            .inner
            .claim_consents(realm, client_id, now, limit, lease)
            .await?;
        note(&claims);
        Ok(claims)
    }

    fn note_code(
        &self,
        claimed: &ClaimedCode,
        why: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.note_code(claimed, why)
    }

    fn keep_answer(
        &self,
        claimed: &ClaimedCode,
        pair: &TokenPair,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.keep_answer(claimed, pair)
    }

    fn settle_code(
        &self,
        claimed: &ClaimedCode,
        end: CodeEnd,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.settle_code(claimed, end)
    }
}

impl<S: DueGrants> DueGrants for WatchedStore<S> {
    type Error = <S as DueGrants>::Error;

    fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<DueClaim>, Self::Error>> + Send {
        self.inner.claim_due(realm, client_id, now, limit, lease)
    }

    fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.settle_due(settled)
    }
}
