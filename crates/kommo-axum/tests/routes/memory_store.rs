//! A store in memory, for tests: it does what the traits say, and can be told to fail or to hang.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use core::{error, fmt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kommo_account::{AccountId, ClientId, Realm};
use kommo_keeper::{
    ClaimedCode, CodeEnd, CodeOrigin, CodePut, GrantStore, PendingCode, PendingCodes, StoreError,
    StoreErrorKind, Written,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Transition};
use kommo_oauth::token::TokenPair;

/// The most codes that wait.
pub(crate) const CODES_MAX: usize = 20;

#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is broken")
    }
}

impl error::Error for Broken {}

impl StoreError for Broken {
    fn kind(&self) -> StoreErrorKind {
        StoreErrorKind::Unavailable
    }
}

#[derive(Default)]
struct Inside {
    grants: BTreeMap<GrantKey, Grant>,
    codes: Vec<Row>,
}

struct Row {
    pending: PendingCode,
    claims: u32,
    claimed_until: Option<UnixSeconds>,
    answer: Option<TokenPair>,
    is_done: bool,
}

/// Clones are the same store, as the processes of one application share theirs.
#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    inside: Arc<Mutex<Inside>>,
    pub(crate) is_broken: Arc<AtomicBool>,
    pub(crate) hangs: Arc<AtomicBool>,
    /// How often it was asked for anything.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl MemoryStore {
    pub(crate) fn grants(&self) -> Vec<Grant> {
        self.inside
            .lock()
            .unwrap()
            .grants
            .values()
            .cloned()
            .collect()
    }

    pub(crate) fn codes(&self) -> Vec<PendingCode> {
        let inside = self.inside.lock().unwrap();
        inside.codes.iter().map(|row| row.pending.clone()).collect()
    }

    async fn ask(&self) -> Result<(), Broken> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            core::future::pending::<()>().await;
        }
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(Broken);
        }
        Ok(())
    }
}

impl GrantStore for MemoryStore {
    type Error = Broken;
    type Lock = ();

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>, Broken> {
        self.ask().await?;
        Ok(self.inside.lock().unwrap().grants.get(key).cloned())
    }

    async fn try_lock(&self, _: &GrantKey) -> Result<Option<()>, Broken> {
        self.ask().await?;
        Ok(Some(()))
    }

    async fn write(
        &self,
        _: Option<&mut ()>,
        moved: &Transition,
        _: UnixSeconds,
    ) -> Result<Written, Broken> {
        self.ask().await?;
        let mut inside = self.inside.lock().unwrap();
        let key = moved.grant.key;
        let stored = inside
            .grants
            .get(&key)
            .map_or(0, |grant| grant.revision.get());
        if stored != moved.grant.revision.get() {
            return Ok(Written::Conflict);
        }
        let mut grant = moved.grant.clone();
        grant.revision = grant.revision.next();
        let revision = grant.revision;
        inside.grants.insert(key, grant);
        Ok(Written::Confirmed(revision))
    }

    async fn unlock(&self, (): ()) -> Result<(), Broken> {
        Ok(())
    }

    async fn keys(&self, after: Option<&GrantKey>, limit: u32) -> Result<Vec<GrantKey>, Broken> {
        self.ask().await?;
        let inside = self.inside.lock().unwrap();
        let keys = inside
            .grants
            .keys()
            .filter(|key| after.is_none_or(|after| *key > after));
        Ok(keys.take(limit as usize).copied().collect())
    }

    async fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Vec<GrantKey>, Broken> {
        self.ask().await?;
        let inside = self.inside.lock().unwrap();
        let is_meant = |key: &&GrantKey| {
            key.realm == realm && key.client_id == *client_id && key.account_id == account_id
        };
        Ok(inside.grants.keys().filter(is_meant).copied().collect())
    }
}

impl PendingCodes for MemoryStore {
    type Error = Broken;

    async fn put_code(&self, pending: &PendingCode) -> Result<CodePut, Broken> {
        self.ask().await?;
        let mut inside = self.inside.lock().unwrap();
        if inside
            .codes
            .iter()
            .any(|row| row.pending.code == pending.code)
        {
            return Ok(CodePut::Duplicate);
        }
        if inside.codes.iter().filter(|row| !row.is_done).count() >= CODES_MAX {
            return Ok(CodePut::Full);
        }
        inside.codes.push(Row {
            pending: pending.clone(),
            claims: 0,
            claimed_until: None,
            answer: None,
            is_done: false,
        });
        Ok(CodePut::Stored)
    }

    async fn expire_codes(&self, _: Realm, _: &ClientId, _: UnixSeconds) -> Result<u64, Broken> {
        self.ask().await?;
        // No test of the routes waits so long.
        Ok(0)
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, Broken> {
        let mut claimed = self
            .claim_consents(realm, client_id, now, limit, lease)
            .await?;
        let left = limit - u32::try_from(claimed.len()).unwrap();
        let is_hook = |code: &PendingCode| code.origin == CodeOrigin::InstallHook;
        claimed.extend(self.claim(realm, client_id, now, left, lease, is_hook));
        Ok(claimed)
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, Broken> {
        self.ask().await?;
        let is_consent = |code: &PendingCode| code.origin != CodeOrigin::InstallHook;
        Ok(self.claim(realm, client_id, now, limit, lease, is_consent))
    }

    async fn claim_code(
        &self,
        pending: &PendingCode,
        now: UnixSeconds,
        lease: Duration,
    ) -> Result<Option<ClaimedCode>, Broken> {
        self.ask().await?;
        let (realm, client_id) = (pending.realm, &pending.client_id);
        let is_meant = |code: &PendingCode| code.code == pending.code;
        Ok(self.claim(realm, client_id, now, 1, lease, is_meant).pop())
    }

    async fn note_code(&self, _: &ClaimedCode, _: &str) -> Result<(), Broken> {
        self.ask().await
    }

    async fn keep_answer(&self, claimed: &ClaimedCode, pair: &TokenPair) -> Result<(), Broken> {
        self.ask().await?;
        self.inside.lock().unwrap().codes[usize::try_from(claimed.id).unwrap()].answer =
            Some(pair.clone());
        Ok(())
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Result<(), Broken> {
        self.ask().await?;
        let mut inside = self.inside.lock().unwrap();
        inside.codes[usize::try_from(claimed.id).unwrap()].is_done = !matches!(
            end,
            CodeEnd::TryAgain | CodeEnd::NoEffect | CodeEnd::Later { .. }
        );
        Ok(())
    }
}

impl MemoryStore {
    fn claim(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
        is_meant: impl Fn(&PendingCode) -> bool,
    ) -> Vec<ClaimedCode> {
        let mut inside = self.inside.lock().unwrap();
        let mut claimed = Vec::new();
        for (id, row) in inside.codes.iter_mut().enumerate() {
            let is_free = !row.is_done && row.claimed_until.is_none_or(|until| until < now);
            let is_ours = row.pending.realm == realm
                && row.pending.client_id == *client_id
                && is_meant(&row.pending);
            if claimed.len() < limit as usize && is_free && is_ours {
                row.claimed_until = Some(now.plus(lease));
                let mut claim = ClaimedCode::new(
                    i64::try_from(id).unwrap(),
                    u128::from(row.claims),
                    row.claims,
                    row.pending.clone(),
                );
                claim.answer.clone_from(&row.answer);
                row.claims += 1;
                claimed.push(claim);
            }
        }
        claimed
    }
}
