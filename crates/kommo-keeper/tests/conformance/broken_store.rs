//! Stores that break one promise each. What they do not break, a store in memory does for them.

use core::marker::PhantomData;
use core::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Realm};
use kommo_keeper::testing::conformance::StoreFixture;
use kommo_keeper::testing::{MemoryError, MemoryLock, MemoryStore};
use kommo_keeper::{
    BucketSize, ClaimedCode, CodeEnd, CodePut, DueClaim, DueGrants, GrantStore, PendingCode,
    PendingCodes, SharedBucket, StoreErrorKind, Taken, Written,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, GrantState, Revision, Transition};
use kommo_oauth::token::TokenPair;

use crate::memory_place::MemoryPlace;

type Result<T> = core::result::Result<T, MemoryError>;

/// A mistake in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    ForgetsLastWrite,
    IgnoresRevision,
    GrantsEveryLock,
    DropsSpares,
    DropsHolds,
    UnknownGrantIsError,
    WritesEventOfConflict,
    RepeatsFirstPage,
    ForgetsLease,
    SettlesForeignClaim,
    HidesExpiredLease,
    StoresCodeTwice,
    CountsEveryClaim,
    ReplacesPair,
    OldestCodeFirst,
    MixesRealms,
    BelievesCallersClock,
    LiftsPausesOfEveryHost,
    BucketWithoutBottom,
    BucketThatNeverFills,
}

/// Says at compile time which mistake a place has.
pub(crate) trait Broken: Send + Sync + 'static {
    const MISTAKE: Mistake;
}

pub(crate) struct BrokenPlace<B> {
    place: MemoryPlace,
    mistake: PhantomData<B>,
}

impl<B: Broken> StoreFixture for BrokenPlace<B> {
    type Store = BrokenStore;

    async fn create() -> Option<Self> {
        Some(Self {
            place: MemoryPlace::new(),
            mistake: PhantomData,
        })
    }

    async fn open(&self) -> BrokenStore {
        BrokenStore {
            store: self.place.store.clone(),
            mistake: B::MISTAKE,
        }
    }

    async fn pass_time(&self, length: Duration) {
        self.place.clock.advance(length);
    }

    async fn history_length(&self, key: &GrantKey) -> Option<u64> {
        Some(self.place.events(key))
    }
}

pub(crate) struct BrokenStore {
    store: MemoryStore,
    mistake: Mistake,
}

impl BrokenStore {
    fn has(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    /// A lease that has ended already, if leases are forgotten.
    fn lease(&self, lease: Duration) -> Duration {
        match self.mistake {
            Mistake::ForgetsLease => Duration::ZERO,
            Mistake::HidesExpiredLease => Duration::from_secs(u64::MAX / 4),
            _ => lease,
        }
    }
}

/// The grant with the newest pair alone.
fn without_spares(grant: &Grant) -> Grant {
    let pair = grant.state.pairs().unwrap().newest().pair.clone();
    let mut bare = Grant::consent(None, grant.key, grant.host, grant.is_admin, pair).grant;
    bare.generation = grant.generation;
    bare.revision = grant.revision;
    bare
}

impl GrantStore for BrokenStore {
    type Error = MemoryError;
    type Lock = Option<MemoryLock>;

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>> {
        let loaded = self.store.load(key).await?;
        match self.mistake {
            Mistake::UnknownGrantIsError if loaded.is_none() => {
                Err(MemoryError::new(StoreErrorKind::Damaged))
            }
            Mistake::DropsSpares => Ok(loaded.map(|grant| match &grant.state {
                GrantState::Active(active) if !active.pairs.spares().is_empty() => {
                    without_spares(&grant)
                }
                _ => grant,
            })),
            Mistake::DropsHolds => Ok(loaded.map(|mut grant| {
                grant.holds.clear();
                grant
            })),
            _ => Ok(loaded),
        }
    }

    async fn try_lock(&self, key: &GrantKey) -> Result<Option<Option<MemoryLock>>> {
        let lock = self.store.try_lock(key).await?;
        if self.has(Mistake::GrantsEveryLock) {
            return Ok(Some(lock));
        }
        Ok(lock.map(Some))
    }

    async fn write(
        &self,
        _: Option<&mut Option<MemoryLock>>,
        moved: &Transition,
        at: UnixSeconds,
    ) -> Result<Written> {
        let key = moved.grant.key;
        let mut moved = moved.clone();
        if self.has(Mistake::IgnoresRevision) {
            let stored = self.store.load(&key).await?;
            moved.grant.revision = stored.map_or(Revision::NOT_STORED, |grant| grant.revision);
        }
        let before = self.store.load(&key).await?;
        let written = self.store.write(None, &moved, at).await?;
        if self.has(Mistake::WritesEventOfConflict) && written == Written::Conflict {
            let event = (key, moved.event.name());
            self.store.with(|state| state.history.push(event));
        }
        if let (true, Some(before)) = (self.has(Mistake::ForgetsLastWrite), before) {
            self.store.with(|state| state.grants.insert(key, before));
        }
        Ok(written)
    }

    async fn unlock(&self, lock: Option<MemoryLock>) -> Result<()> {
        drop(lock);
        Ok(())
    }

    async fn keys(&self, after: Option<&GrantKey>, limit: u32) -> Result<Vec<GrantKey>> {
        let mut keys = self.store.keys(after, limit).await?;
        if self.has(Mistake::RepeatsFirstPage) && after.is_some() && !keys.is_empty() {
            keys = self
                .store
                .keys(None, 1)
                .await?
                .into_iter()
                .chain(keys)
                .collect();
        }
        Ok(keys)
    }

    async fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Vec<GrantKey>> {
        let realm = match self.mistake {
            Mistake::MixesRealms => Realm::Real,
            _ => realm,
        };
        self.store
            .keys_of_account(realm, client_id, account_id)
            .await
    }
}

impl DueGrants for BrokenStore {
    type Error = MemoryError;

    async fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<DueClaim>> {
        let realm = match self.mistake {
            Mistake::MixesRealms => Realm::Real,
            _ => realm,
        };
        let lease = self.lease(lease);
        self.store
            .claim_due(realm, client_id, now, limit, lease)
            .await
    }

    async fn settle_due(&self, settled: &[(DueClaim, Option<UnixSeconds>)]) -> Result<()> {
        let mut settled = settled.to_vec();
        if self.has(Mistake::SettlesForeignClaim) {
            // The tokens of the memory store count up: those of later claims are the next ones.
            let later = settled.clone();
            settled.extend(
                later
                    .iter()
                    .map(|(claim, at)| (DueClaim::new(claim.key, claim.token + 1), *at)),
            );
        }
        self.store.settle_due(&settled).await
    }
}

impl PendingCodes for BrokenStore {
    type Error = MemoryError;

    async fn put_code(&self, pending: &PendingCode) -> Result<CodePut> {
        let put = self.store.put_code(pending).await?;
        Ok(match put {
            CodePut::Duplicate if self.has(Mistake::StoresCodeTwice) => CodePut::Stored,
            put => put,
        })
    }

    async fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> Result<u64> {
        if self.has(Mistake::BelievesCallersClock) {
            let is_old = |code: &&kommo_keeper::testing::MemoryCode| {
                code.pending.received_at.plus(Duration::from_secs(1_200)) <= now
            };
            let old = self
                .store
                .with(|state| state.codes.iter().filter(is_old).count());
            return Ok(old.try_into().unwrap());
        }
        self.store.expire_codes(realm, client_id, now).await
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>> {
        let lease = self.lease(lease);
        let claims = self.store.claim_codes(realm, client_id, now, limit, lease);
        let mut claims = claims.await?;
        if self.has(Mistake::OldestCodeFirst) {
            claims.reverse();
        }
        Ok(claims)
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>> {
        let lease = self.lease(lease);
        self.store
            .claim_consents(realm, client_id, now, limit, lease)
            .await
    }

    async fn lift_code_pauses(
        &self,
        realm: Realm,
        client_id: &ClientId,
        host: Option<AccountHost>,
    ) -> Result<u64> {
        let host = host.filter(|_| !self.has(Mistake::LiftsPausesOfEveryHost));
        self.store.lift_code_pauses(realm, client_id, host).await
    }

    async fn claim_code(
        &self,
        pending: &PendingCode,
        now: UnixSeconds,
        lease: Duration,
    ) -> Result<Option<ClaimedCode>> {
        self.store.claim_code(pending, now, self.lease(lease)).await
    }

    async fn note_code(&self, claimed: &ClaimedCode, why: &str) -> Result<()> {
        self.store.note_code(claimed, why).await
    }

    async fn keep_answer(&self, claimed: &ClaimedCode, pair: &TokenPair) -> Result<()> {
        if self.has(Mistake::ReplacesPair) {
            self.store.with(|state| {
                for code in &mut state.codes {
                    code.answer = None;
                }
            });
        }
        self.store.keep_answer(claimed, pair).await
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Result<()> {
        let end = match end {
            CodeEnd::NoEffect if self.has(Mistake::CountsEveryClaim) => CodeEnd::TryAgain,
            end => end,
        };
        self.store.settle_code(claimed, end).await
    }
}

impl SharedBucket for BrokenStore {
    type Error = MemoryError;

    async fn take(&self, name: &str, size: BucketSize) -> Result<Taken> {
        match self.mistake {
            Mistake::BucketWithoutBottom => Ok(Taken::Now),
            Mistake::BucketThatNeverFills => {
                let interval = size.interval.saturating_mul(1_000);
                self.store
                    .take(name, BucketSize::new(interval, size.burst))
                    .await
            }
            _ => self.store.take(name, size).await,
        }
    }
}
