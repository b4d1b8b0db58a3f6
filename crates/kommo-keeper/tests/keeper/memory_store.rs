//! A store in memory with the promises of a real one, and faults.

use core::fmt;
use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use kommo_account::{AccountId, ClientId, Realm};
use kommo_keeper::{
    ClaimedCode, CodeEnd, CodeOrigin, CodePut, DueClaim, DueGrants, GrantStore, PendingCode,
    PendingCodes, StoreError, StoreErrorKind, Written,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, GrantState, Revision, Transition};
use kommo_oauth::token::TokenPair;

#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) grants: BTreeMap<GrantKey, Grant>,
    pub(crate) history: Vec<(GrantKey, &'static str)>,
    /// The holder of each lock, by number.
    pub(crate) locks: HashMap<GrantKey, u64>,
    holders: u64,
    pub(crate) loads: u64,
    pub(crate) writes: u64,
    /// Writes that fail, counted from the next one that brings a new generation.
    pub(crate) failing_saves: u32,
    /// Answers of exchanges that are not stored.
    pub(crate) failing_answers: u32,
    /// What another writer writes just before the next write.
    pub(crate) before_write: Option<Grant>,
    pub(crate) is_out_of_reach: bool,
    /// The error of every operation.
    pub(crate) trouble: Option<StoreErrorKind>,
    /// The error of taking a lock.
    pub(crate) lock_trouble: Option<StoreErrorKind>,
    /// Whether a holder that asks learns that its lock is lost.
    pub(crate) is_lock_lost: bool,
    /// Loads that never finish.
    pub(crate) hanging_loads: u32,
    /// Codes that are not settled.
    pub(crate) failing_ends: u32,
    /// The store's own clock.
    pub(crate) now: Option<Box<dyn Fn() -> UnixSeconds + Send>>,
    pub(crate) codes: Vec<KeptCode>,
    /// Claims of due grants that were settled.
    pub(crate) settled: Vec<(GrantKey, Option<UnixSeconds>)>,
}

pub(crate) struct KeptCode {
    id: i64,
    pending: PendingCode,
    pub(crate) answer: Option<TokenPair>,
    claims: u32,
    tries: u32,
    /// It is claimed.
    is_claimed: bool,
    pub(crate) why: String,
    end: Option<CodeEnd>,
    /// It is not claimed before.
    not_before: Option<UnixSeconds>,
}

const CODE_LIFETIME: Duration = Duration::from_secs(20 * 60);

impl KeptCode {
    fn is_open(&self) -> bool {
        !matches!(
            self.end,
            Some(CodeEnd::Exchanged | CodeEnd::Refused | CodeEnd::WrongAccount)
        )
    }
}

#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    kept: Arc<Mutex<Kept>>,
}

impl MemoryStore {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap())
    }

    fn reach<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> Result<T, MemoryError> {
        self.with(|kept| {
            if kept.is_out_of_reach {
                return Err(UNAVAILABLE);
            }
            if let Some(trouble) = kept.trouble {
                return Err(MemoryError(trouble));
            }
            Ok(look(kept))
        })
    }
}

const UNAVAILABLE: MemoryError = MemoryError(StoreErrorKind::Unavailable);

#[derive(Debug)]
pub(crate) struct MemoryError(pub(crate) StoreErrorKind);

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is out of reach")
    }
}

impl core::error::Error for MemoryError {}

impl StoreError for MemoryError {
    fn kind(&self) -> StoreErrorKind {
        self.0
    }
}

pub(crate) struct MemoryLock {
    store: MemoryStore,
    key: GrantKey,
    number: u64,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.store.with(|kept| {
            kept.locks
                .retain(|key, number| (*key, *number) != (self.key, self.number));
        });
    }
}

impl GrantStore for MemoryStore {
    type Error = MemoryError;
    type Lock = MemoryLock;

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>, MemoryError> {
        let hangs = self.with(|kept| {
            let hangs = kept.hanging_loads > 0;
            kept.hanging_loads = kept.hanging_loads.saturating_sub(1);
            hangs
        });
        if hangs {
            core::future::pending::<()>().await;
        }
        self.reach(|kept| {
            kept.loads += 1;
            kept.grants.get(key).cloned()
        })
    }

    async fn try_lock(&self, key: &GrantKey) -> Result<Option<MemoryLock>, MemoryError> {
        let trouble = self.with(|kept| kept.lock_trouble);
        if let Some(trouble) = trouble {
            return Err(MemoryError(trouble));
        }
        let number = self.reach(|kept| {
            if kept.locks.contains_key(key) {
                return None;
            }
            kept.holders += 1;
            kept.locks.insert(*key, kept.holders);
            Some(kept.holders)
        })?;
        Ok(number.map(|number| MemoryLock {
            store: self.clone(),
            key: *key,
            number,
        }))
    }

    async fn still_held(&self, lock: &mut MemoryLock) -> Result<bool, MemoryError> {
        self.reach(|kept| !kept.is_lock_lost && kept.locks.get(&lock.key) == Some(&lock.number))
    }

    async fn write(
        &self,
        _: Option<&mut MemoryLock>,
        moved: &Transition,
        _: UnixSeconds,
    ) -> Result<Written, MemoryError> {
        self.reach(|kept| {
            let key = moved.grant.key;
            if let Some(other) = kept.before_write.take() {
                kept.grants.insert(key, other);
            }
            let stored = kept.grants.get(&key);
            let is_save = stored.is_some_and(|old| old.generation != moved.grant.generation);
            if is_save && kept.failing_saves > 0 {
                kept.failing_saves -= 1;
                return Err(UNAVAILABLE);
            }
            let found = stored.map_or(Revision::NOT_STORED, |old| old.revision);
            if found != moved.grant.revision {
                return Ok(Written::Conflict);
            }
            let mut grant = moved.grant.clone();
            grant.revision = found.next();
            kept.writes += 1;
            kept.history.push((key, moved.event.name()));
            kept.grants.insert(key, grant);
            Ok(Written::Confirmed(found.next()))
        })?
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
        self.reach(|kept| {
            let keys = kept.grants.keys().copied();
            keys.filter(|key| after.is_none_or(|after| key > after))
                .take(limit as usize)
                .collect()
        })
    }

    async fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Vec<GrantKey>, MemoryError> {
        self.reach(|kept| {
            let keys = kept.grants.keys().copied();
            keys.filter(|key| {
                (key.realm, key.client_id, key.account_id) == (realm, *client_id, account_id)
            })
            .collect()
        })
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
        _: Duration,
    ) -> Result<Vec<DueClaim>, MemoryError> {
        self.reach(|kept| {
            let is_due = |grant: &&Grant| {
                let is_asked_for = (grant.key.realm, grant.key.client_id) == (realm, *client_id);
                let is_due = matches!(grant.state, GrantState::LongLived(_))
                    || grant
                        .usable(now)
                        .is_none_or(|token| token.left(now) <= Duration::from_secs(3_600));
                is_asked_for && is_due
            };
            kept.grants
                .values()
                .filter(is_due)
                .take(limit as usize)
                .map(|grant| DueClaim::new(grant.key, 1))
                .collect()
        })
    }

    async fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> Result<(), MemoryError> {
        let settled = settled
            .iter()
            .map(|(claim, again_at)| (claim.key, *again_at));
        self.reach(|kept| kept.settled.extend(settled))
    }
}

impl PendingCodes for MemoryStore {
    type Error = MemoryError;

    async fn put_code(&self, pending: &PendingCode) -> Result<CodePut, MemoryError> {
        self.reach(|kept| {
            let is_known = kept.codes.iter().any(|kept| {
                kept.pending.code == pending.code && kept.end != Some(CodeEnd::WrongAccount)
            });
            if is_known {
                return CodePut::Duplicate;
            }
            let id = i64::try_from(kept.codes.len()).unwrap();
            kept.codes.push(KeptCode {
                id,
                pending: pending.clone(),
                answer: None,
                claims: 0,
                tries: 0,
                is_claimed: false,
                why: String::new(),
                end: None,
                not_before: None,
            });
            CodePut::Stored
        })
    }

    async fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> Result<u64, MemoryError> {
        self.reach(|kept| {
            let mut expired = 0;
            for code in &mut kept.codes {
                let pending = &code.pending;
                let is_ours = pending.realm == realm && pending.client_id == *client_id;
                let is_old = pending.received_at.plus(CODE_LIFETIME) <= now;
                if is_ours && is_old && code.is_open() && code.answer.is_none() {
                    code.end = Some(CodeEnd::Refused);
                    expired += 1;
                }
            }
            expired
        })
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, MemoryError> {
        let mut claimed = self
            .claim_consents(realm, client_id, now, limit, lease)
            .await?;
        let left = limit as usize - claimed.len();
        claimed.extend(self.claim(realm, client_id, now, left, |code| {
            code.origin == CodeOrigin::InstallHook
        })?);
        Ok(claimed)
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        _: Duration,
    ) -> Result<Vec<ClaimedCode>, MemoryError> {
        let is_consent = |code: &PendingCode| code.origin != CodeOrigin::InstallHook;
        self.claim(realm, client_id, now, limit as usize, is_consent)
    }

    async fn claim_code(
        &self,
        pending: &PendingCode,
        now: UnixSeconds,
        _: Duration,
    ) -> Result<Option<ClaimedCode>, MemoryError> {
        let (realm, client_id) = (pending.realm, &pending.client_id);
        let is_meant = |code: &PendingCode| code.code == pending.code;
        Ok(self.claim(realm, client_id, now, 1, is_meant)?.pop())
    }

    async fn note_code(&self, claimed: &ClaimedCode, why: &str) -> Result<(), MemoryError> {
        self.reach(|kept| {
            let code = kept.codes.iter_mut().find(|code| code.id == claimed.id);
            code.unwrap().why = why.to_owned();
        })
    }

    async fn keep_answer(
        &self,
        claimed: &ClaimedCode,
        pair: &TokenPair,
    ) -> Result<(), MemoryError> {
        self.reach(|kept| {
            if kept.failing_answers > 0 {
                kept.failing_answers -= 1;
                return Err(UNAVAILABLE);
            }
            let at = usize::try_from(claimed.id).unwrap();
            kept.codes[at].answer = Some(pair.clone());
            Ok(())
        })?
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Result<(), MemoryError> {
        self.reach(|kept| {
            kept.codes[usize::try_from(claimed.id).unwrap()].is_claimed = false;
            if kept.failing_ends > 0 {
                kept.failing_ends -= 1;
                return Err(UNAVAILABLE);
            }
            let now = kept.now.as_ref().map(|now| now());
            let code = &mut kept.codes[usize::try_from(claimed.id).unwrap()];
            code.end = Some(end);
            match end {
                CodeEnd::NoEffect => code.claims -= 1,
                CodeEnd::Later { pause, counts } => {
                    code.claims -= u32::from(!counts);
                    code.not_before = Some(now.unwrap().plus(pause));
                }
                _ => {}
            }
            Ok(())
        })?
    }
}

impl MemoryStore {
    fn claim(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: usize,
        is_meant: impl Fn(&PendingCode) -> bool,
    ) -> Result<Vec<ClaimedCode>, MemoryError> {
        self.reach(|kept| {
            let mut claimed = Vec::new();
            for kept in &mut kept.codes {
                let pending = &kept.pending;
                let is_ours =
                    pending.realm == realm && pending.client_id == *client_id && is_meant(pending);
                let is_free = kept.is_open()
                    && !kept.is_claimed
                    && kept.not_before.is_none_or(|at| at <= now);
                if is_ours && is_free && claimed.len() < limit {
                    let mut code = ClaimedCode::new(kept.id, 1, kept.claims, pending.clone())
                        .with_earlier_tries(kept.tries);
                    code.answer = kept.answer.clone();
                    kept.claims += 1;
                    kept.tries += 1;
                    kept.is_claimed = true;
                    claimed.push(code);
                }
            }
            claimed
        })
    }
}
