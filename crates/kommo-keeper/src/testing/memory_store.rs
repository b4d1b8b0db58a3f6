//! A store in memory that keeps the promises of the ports, and fails when a test tells it to.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kommo_account::{AccountHost, AccountId, ClientId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Revision, Transition};
use kommo_oauth::refresh::RefreshPolicy;
use kommo_oauth::token::TokenPair;

use crate::ports::clock::{Clock as _, SystemClock};
use crate::ports::due_grants::{DueClaim, DueGrants};
use crate::ports::grant_store::{GrantStore, StoreError, StoreErrorKind, Written};
use crate::ports::pending_codes::{
    ClaimedCode, CodeEnd, CodeOrigin, CodePut, PendingCode, PendingCodes,
};
use crate::ports::shared_bucket::{BucketSize, SharedBucket, Taken};
use crate::ports::shared_clock::SharedClock;

/// A clock that is ahead by more than this is wrong.
const CLOCKS_MAY_DIFFER: Duration = Duration::from_secs(5 * 60);

/// How long a code is valid.
const CODE_LIFETIME: Duration = Duration::from_secs(20 * 60);

/// A store in memory. Clones share its content, as processes share a database.
///
/// It implements every port of a store. Nothing survives the process, so it is for tests alone.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<MemoryState>>,
    clock: SharedClock,
}

/// What a [`MemoryStore`] contains: for a test to read, and to change as another process would.
#[derive(Default)]
#[non_exhaustive]
pub struct MemoryState {
    /// The grants.
    pub grants: BTreeMap<GrantKey, Grant>,
    /// The name of the event of each confirmed write.
    pub history: Vec<(GrantKey, &'static str)>,
    /// The holder of each lock, by number. Remove one to take the lock from its holder.
    pub locks: HashMap<GrantKey, u64>,
    /// The codes, in the order of their arrival.
    pub codes: Vec<MemoryCode>,
    /// How many codes may wait; `None`: any number.
    pub codes_at_most: Option<usize>,
    /// The claims of due grants that were settled.
    pub settled: Vec<(GrantKey, Option<UnixSeconds>)>,
    /// How many operations were asked for.
    pub operations: u64,
    /// How many grants were read.
    pub loads: u64,
    /// How many writes of grants were confirmed.
    pub writes: u64,
    /// What fails.
    pub faults: MemoryFaults,
    holders: u64,
    tokens: u128,
    due: HashMap<GrantKey, DueState>,
    buckets: HashMap<String, Duration>,
}

/// What fails in a [`MemoryStore`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MemoryFaults {
    /// The error of every operation.
    pub error: Option<StoreErrorKind>,
    /// Whether every operation hangs.
    pub hangs: bool,
    /// The error of taking a lock.
    pub lock_error: Option<StoreErrorKind>,
    /// Whether a holder that asks learns that its lock is lost.
    pub is_lock_lost: bool,
    /// How many loads hang, from the next one on.
    pub hanging_loads: u32,
    /// How many writes of another generation fail, from the next one on.
    pub failing_saves: u32,
    /// How many pairs of an exchange are not stored, from the next one on.
    pub failing_answers: u32,
    /// How many codes are not settled, from the next one on.
    pub failing_ends: u32,
    /// What another writer writes just before the next write.
    pub before_write: Option<Grant>,
}

/// A code in a [`MemoryStore`].
#[non_exhaustive]
pub struct MemoryCode {
    /// The code.
    pub pending: PendingCode,
    /// The pair that it was exchanged for.
    pub answer: Option<TokenPair>,
    /// Why it waits.
    pub why: String,
    stored_at: Duration,
    claims: u32,
    tries: u32,
    is_done: bool,
    /// It may be stored again.
    is_forgotten: bool,
    /// The lease of its worker, or the pause that was asked for.
    lease: Lease,
}

impl MemoryCode {
    fn is_old(&self, now: Duration) -> bool {
        self.stored_at + CODE_LIFETIME <= now
    }

    fn waits(&self) -> bool {
        !self.is_done && self.answer.is_none()
    }
}

/// A lease by the store's own clock. `token` is `None` if it has no worker.
#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    token: Option<u128>,
    until: Duration,
}

impl Lease {
    fn is_free(&self, now: Duration) -> bool {
        self.until <= now
    }
}

/// What is known of a grant beside its record.
#[derive(Clone, Copy, Debug, Default)]
struct DueState {
    lease: Lease,
    /// The record when it was claimed, and the instant by the worker's clock.
    claimed: Option<(Revision, UnixSeconds)>,
    /// A settled claim moved the due instant of this record, by a worker's clock of that instant.
    moved: Option<(Revision, UnixSeconds, UnixSeconds)>,
}

impl DueState {
    /// What a clock that was far ahead has put off is due as well.
    fn is_due(&self, grant: &Grant, now: UnixSeconds) -> bool {
        let moved = self.moved.filter(|(record, ..)| *record == grant.revision);
        let (due_at, reckoned_at) = match moved {
            Some((_, due_at, reckoned_at)) => (Some(due_at), Some(reckoned_at)),
            None => (due_at(grant), grant.due_reckoned_at()),
        };
        let latest = now.plus(CLOCKS_MAY_DIFFER);
        due_at.is_some_and(|at| at <= now || reckoned_at.is_some_and(|at| at > latest))
    }
}

fn due_at(grant: &Grant) -> Option<UnixSeconds> {
    grant.due_at(RefreshPolicy::new().refresh_before)
}

impl MemoryStore {
    /// An empty store with this clock of its own.
    #[must_use]
    pub fn new(clock: impl crate::ports::clock::Clock) -> Self {
        Self {
            state: Arc::default(),
            clock: SharedClock::new(clock),
        }
    }

    /// Reads or changes the content.
    pub fn with<T>(&self, look: impl FnOnce(&mut MemoryState) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The grants.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        self.with(|state| state.grants.values().cloned().collect())
    }

    /// The codes, in the order of their arrival.
    #[must_use]
    pub fn codes(&self) -> Vec<PendingCode> {
        let pending = |code: &MemoryCode| code.pending.clone();
        self.with(|state| state.codes.iter().map(pending).collect())
    }

    /// One operation, unless it is to fail.
    async fn operation<T>(
        &self,
        work: impl FnOnce(&mut MemoryState, Duration) -> Result<T, MemoryError>,
    ) -> Result<T, MemoryError> {
        let hangs = self.with(|state| {
            state.operations += 1;
            state.faults.hangs
        });
        if hangs {
            core::future::pending::<()>().await;
        }
        let now = self.clock.monotonic();
        self.with(|state| match state.faults.error {
            Some(kind) => Err(MemoryError::new(kind)),
            None => work(state, now),
        })
    }

    async fn claim(
        &self,
        realm: Realm,
        client_id: &ClientId,
        limit: u32,
        lease: Duration,
        is_meant: impl Fn(&PendingCode) -> bool,
    ) -> Result<Vec<ClaimedCode>, MemoryError> {
        self.operation(|state, now| {
            let mut claimed = Vec::new();
            for lane in 0..3 {
                for (id, code) in state.codes.iter_mut().enumerate().rev() {
                    let pending = &code.pending;
                    let is_asked_for = pending.realm == realm
                        && pending.client_id == *client_id
                        && lane_of(pending.origin) == lane
                        && is_meant(pending);
                    let is_open = !code.is_done
                        && code.lease.is_free(now)
                        && (code.answer.is_some() || !code.is_old(now));
                    if is_asked_for && is_open && claimed.len() < limit as usize {
                        state.tokens += 1;
                        let (id, token) = (i64::try_from(id).unwrap_or(i64::MAX), state.tokens);
                        let mut claim = ClaimedCode::new(id, token, code.claims, pending.clone())
                            .with_earlier_tries(code.tries);
                        claim.answer.clone_from(&code.answer);
                        code.claims += 1;
                        code.tries += 1;
                        code.lease = Lease {
                            token: Some(token),
                            until: now.saturating_add(lease),
                        };
                        claimed.push(claim);
                    }
                }
            }
            Ok(claimed)
        })
        .await
    }
}

/// With the clock of this machine.
impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(SystemClock::new())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore(..)")
    }
}

impl fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryState").finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCode").finish_non_exhaustive()
    }
}

impl MemoryState {
    /// The code of a claim, if its worker still has the lease.
    fn code_of(&mut self, claimed: &ClaimedCode) -> Option<&mut MemoryCode> {
        let id = usize::try_from(claimed.id).ok()?;
        let code = self.codes.get_mut(id)?;
        (code.lease.token == Some(claimed.token)).then_some(code)
    }
}

/// The error of a [`MemoryStore`]: the one that the test asked for, or the one that a port names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryError {
    kind: StoreErrorKind,
}

impl MemoryError {
    /// An error of this kind.
    #[must_use]
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store in memory failed: {:?}", self.kind)
    }
}

impl core::error::Error for MemoryError {}

impl StoreError for MemoryError {
    fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

/// A lock in a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryLock {
    store: MemoryStore,
    key: GrantKey,
    number: u64,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let own = (self.key, self.number);
        self.store
            .with(|state| state.locks.retain(|key, number| (*key, *number) != own));
    }
}

/// Whether this one of the next failures is due; it counts down.
const fn fails(left: &mut u32) -> bool {
    let fails = *left > 0;
    *left = left.saturating_sub(1);
    fails
}

const UNAVAILABLE: MemoryError = MemoryError::new(StoreErrorKind::Unavailable);

impl GrantStore for MemoryStore {
    type Error = MemoryError;
    type Lock = MemoryLock;

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>, MemoryError> {
        if self.with(|state| fails(&mut state.faults.hanging_loads)) {
            core::future::pending::<()>().await;
        }
        self.operation(|state, _| {
            state.loads += 1;
            Ok(state.grants.get(key).cloned())
        })
        .await
    }

    async fn try_lock(&self, key: &GrantKey) -> Result<Option<MemoryLock>, MemoryError> {
        let number = self.operation(|state, _| {
            if let Some(kind) = state.faults.lock_error {
                return Err(MemoryError::new(kind));
            }
            if state.locks.contains_key(key) {
                return Ok(None);
            }
            state.holders += 1;
            state.locks.insert(*key, state.holders);
            Ok(Some(state.holders))
        });
        Ok(number.await?.map(|number| MemoryLock {
            store: self.clone(),
            key: *key,
            number,
        }))
    }

    async fn still_held(&self, lock: &mut MemoryLock) -> Result<bool, MemoryError> {
        self.operation(|state, _| {
            let is_held = state.locks.get(&lock.key) == Some(&lock.number);
            Ok(is_held && !state.faults.is_lock_lost)
        })
        .await
    }

    async fn write(
        &self,
        _: Option<&mut MemoryLock>,
        moved: &Transition,
        _: UnixSeconds,
    ) -> Result<Written, MemoryError> {
        self.operation(|state, _| {
            let key = moved.grant.key;
            if let Some(other) = state.faults.before_write.take() {
                state.grants.insert(key, other);
            }
            let stored = state.grants.get(&key);
            let is_save = stored.is_some_and(|old| old.generation != moved.grant.generation);
            let found = stored.map_or(Revision::NOT_STORED, |old| old.revision);
            if is_save && fails(&mut state.faults.failing_saves) {
                return Err(UNAVAILABLE);
            }
            if found != moved.grant.revision {
                return Ok(Written::Conflict);
            }
            let mut grant = moved.grant.clone();
            grant.revision = found.next();
            state.writes += 1;
            state.history.push((key, moved.event.name()));
            state.grants.insert(key, grant);
            Ok(Written::Confirmed(found.next()))
        })
        .await
    }

    async fn unlock(&self, lock: MemoryLock) -> Result<(), MemoryError> {
        drop(lock);
        Ok(())
    }

    async fn keys(
        &self,
        after: Option<&GrantKey>,
        limit: u32,
    ) -> Result<Vec<GrantKey>, MemoryError> {
        self.operation(|state, _| {
            let keys = state.grants.keys().copied();
            let later = keys.filter(|key| after.is_none_or(|after| key > after));
            Ok(later.take(limit as usize).collect())
        })
        .await
    }

    async fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Vec<GrantKey>, MemoryError> {
        self.operation(|state, _| {
            let account = (realm, *client_id, account_id);
            let keys = state.grants.keys().copied();
            let is_of = |key: &GrantKey| (key.realm, key.client_id, key.account_id) == account;
            Ok(keys.filter(is_of).collect())
        })
        .await
    }
}

impl DueGrants for MemoryStore {
    type Error = MemoryError;

    async fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<DueClaim>, MemoryError> {
        self.operation(|state, monotonic| {
            let mut claims = Vec::new();
            for (key, grant) in &state.grants {
                let due = state.due.entry(*key).or_default();
                let is_due = due.is_due(grant, now)
                    && due.lease.is_free(monotonic)
                    && (key.realm, key.client_id) == (realm, *client_id);
                if is_due && claims.len() < limit as usize {
                    state.tokens += 1;
                    due.lease = Lease {
                        token: Some(state.tokens),
                        until: monotonic.saturating_add(lease),
                    };
                    due.claimed = Some((grant.revision, now));
                    claims.push(DueClaim::new(*key, state.tokens));
                }
            }
            Ok(claims)
        })
        .await
    }

    async fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> Result<(), MemoryError> {
        self.operation(|state, _| {
            for (claim, again_at) in settled {
                state.settled.push((claim.key, *again_at));
                let (Some(due), Some(grant)) =
                    (state.due.get_mut(&claim.key), state.grants.get(&claim.key))
                else {
                    continue;
                };
                if due.lease.token != Some(claim.token) {
                    continue;
                }
                let Some((record, claimed_at)) = due.claimed else {
                    continue;
                };
                let is_unchanged = record == grant.revision;
                due.lease.token = None;
                if !is_unchanged || again_at.is_some() {
                    due.lease.until = Duration::ZERO;
                }
                let by_record = due_at(grant).filter(|_| !is_unchanged);
                let is_earlier = |at: &UnixSeconds| by_record.is_none_or(|due_at| *at < due_at);
                if let Some(at) = again_at.filter(is_earlier) {
                    due.moved = Some((grant.revision, at, claimed_at));
                }
            }
            Ok(())
        })
        .await
    }
}

impl PendingCodes for MemoryStore {
    type Error = MemoryError;

    async fn put_code(&self, pending: &PendingCode) -> Result<CodePut, MemoryError> {
        self.operation(|state, now| {
            let is_remembered =
                |code: &MemoryCode| !(code.is_forgotten || code.is_done && code.is_old(now));
            let mut codes = state.codes.iter();
            if codes.any(|code| code.pending.code == pending.code && is_remembered(code)) {
                return Ok(CodePut::Duplicate);
            }
            let waiting = state.codes.iter().filter(|code| !code.is_done);
            let young = waiting.filter(|code| !code.is_old(now)).count();
            if state.codes_at_most.is_some_and(|most| young >= most) {
                return Ok(CodePut::Full);
            }
            state.codes.push(MemoryCode {
                pending: pending.clone(),
                answer: None,
                why: String::new(),
                stored_at: now,
                claims: 0,
                tries: 0,
                is_done: false,
                is_forgotten: false,
                lease: Lease::default(),
            });
            Ok(CodePut::Stored)
        })
        .await
    }

    async fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        _: UnixSeconds,
    ) -> Result<u64, MemoryError> {
        self.operation(|state, now| {
            let mut expired = 0;
            for code in &mut state.codes {
                let is_asked_for =
                    (code.pending.realm, code.pending.client_id) == (realm, *client_id);
                let is_unclaimed = code.lease.token.is_none() || code.lease.is_free(now);
                if is_asked_for && is_unclaimed && code.waits() && code.is_old(now) {
                    code.is_done = true;
                    expired += 1;
                }
            }
            Ok(expired)
        })
        .await
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        _: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, MemoryError> {
        self.claim(realm, client_id, limit, lease, |_| true).await
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        _: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, MemoryError> {
        let is_consent = |code: &PendingCode| !code.origin.is_strangers();
        self.claim(realm, client_id, limit, lease, is_consent).await
    }

    async fn lift_code_pauses(
        &self,
        realm: Realm,
        client_id: &ClientId,
        host: Option<AccountHost>,
    ) -> Result<u64, MemoryError> {
        self.operation(|state, now| {
            let mut lifted = 0;
            for code in &mut state.codes {
                let pending = &code.pending;
                let is_meant = (pending.realm, pending.client_id) == (realm, *client_id)
                    && host.is_none_or(|host| pending.host == host);
                let is_paused = code.lease.token.is_none() && !code.lease.is_free(now);
                if is_meant && is_paused && !code.is_done {
                    code.lease = Lease::default();
                    lifted += 1;
                }
            }
            Ok(lifted)
        })
        .await
    }

    async fn claim_code(
        &self,
        pending: &PendingCode,
        _: UnixSeconds,
        lease: Duration,
    ) -> Result<Option<ClaimedCode>, MemoryError> {
        let is_meant = |code: &PendingCode| code.code == pending.code;
        let claimed = self.claim(pending.realm, &pending.client_id, 1, lease, is_meant);
        Ok(claimed.await?.pop())
    }

    async fn note_code(&self, claimed: &ClaimedCode, why: &str) -> Result<(), MemoryError> {
        self.operation(|state, _| {
            if let Some(code) = state.code_of(claimed) {
                why.clone_into(&mut code.why);
            }
            Ok(())
        })
        .await
    }

    async fn keep_answer(
        &self,
        claimed: &ClaimedCode,
        pair: &TokenPair,
    ) -> Result<(), MemoryError> {
        self.operation(|state, _| {
            if fails(&mut state.faults.failing_answers) {
                return Err(UNAVAILABLE);
            }
            let mut codes = state.codes.iter_mut();
            match codes.rfind(|code| code.pending.code == claimed.pending.code) {
                Some(code) if code.answer.as_ref().is_some_and(|kept| kept != pair) => {
                    Err(MemoryError::new(StoreErrorKind::Taken))
                }
                Some(code) => {
                    code.answer = Some(pair.clone());
                    code.is_done = false;
                    Ok(())
                }
                None => Err(MemoryError::new(StoreErrorKind::Erased)),
            }
        })
        .await
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Result<(), MemoryError> {
        self.operation(|state, now| {
            if fails(&mut state.faults.failing_ends) {
                return Err(UNAVAILABLE);
            }
            let Some(code) = state.code_of(claimed) else {
                return Ok(());
            };
            match end {
                CodeEnd::Exchanged | CodeEnd::Refused | CodeEnd::WrongAccount => {
                    // A pair is removed only after it has become a grant.
                    if code.answer.is_some() && end != CodeEnd::Exchanged {
                        return Ok(());
                    }
                    code.answer = None;
                    code.is_done = true;
                    code.lease = Lease::default();
                    code.is_forgotten = end == CodeEnd::WrongAccount;
                }
                CodeEnd::TryAgain => {}
                CodeEnd::NoEffect => code.claims = claimed.earlier_claims,
                CodeEnd::Later { pause, counts } => {
                    code.claims = claimed.earlier_claims + u32::from(counts);
                    code.lease = Lease {
                        token: None,
                        until: now.saturating_add(pause),
                    };
                }
            }
            Ok(())
        })
        .await
    }
}

impl SharedBucket for MemoryStore {
    type Error = MemoryError;

    async fn take(&self, name: &str, size: BucketSize) -> Result<Taken, MemoryError> {
        self.operation(|state, now| {
            // The instant at which it is full again.
            let full_at = state.buckets.entry(name.to_owned()).or_default();
            let later = size.interval.saturating_mul(size.burst.get() - 1);
            let free_at = (*full_at).saturating_sub(later);
            if free_at > now {
                return Ok(Taken::After(free_at - now));
            }
            *full_at = (*full_at).max(now).saturating_add(size.interval);
            Ok(Taken::Now)
        })
        .await
    }
}

/// The order in which codes are claimed.
const fn lane_of(origin: CodeOrigin) -> u8 {
    match origin {
        CodeOrigin::Redirect | CodeOrigin::Pasted => 0,
        CodeOrigin::UnboundRedirect => 1,
        CodeOrigin::InstallHook => 2,
    }
}
