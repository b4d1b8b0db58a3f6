//! One keeper and its surroundings.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex};

use kommo_account::{AccountHost, AccountId, ClientId, Endpoints};
use kommo_keeper::testing::{MemoryError, MemoryStore, ScriptedEndpoint, VirtualClock};
use kommo_keeper::{
    Alarm, ClaimedCode, Clock, Counter, GrantHandle, Keeper, KeeperSettings, LifeboatPort,
    NewGrant, StoreErrorKind,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Attempt, AttemptId, Grant, GrantKey, UnsavedPair};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};

pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
/// The wall clock of a scene at its beginning.
pub(crate) const START: u64 = kommo_keeper::testing::START.get();
pub(crate) const SECRET: &str = "marker-client-secret";
/// The lease of a claim, by default.
pub(crate) const LEASE: Duration = Duration::from_secs(120);
pub(crate) const HOUR: u64 = 3_600;
pub(crate) const DAY: u64 = 86_400;

pub(crate) fn key() -> GrantKey {
    GrantKey::parse(&format!("real/{CLIENT}/12345678/87654321")).unwrap()
}

pub(crate) fn host() -> AccountHost {
    AccountHost::parse("myshop.kommo.com").unwrap()
}

pub(crate) fn credentials(secret: &str) -> Credentials {
    Credentials::new(
        ClientId::parse(CLIENT).unwrap(),
        ClientSecret::new(secret).unwrap(),
        RedirectUri::parse("https://app.example/callback").unwrap(),
    )
}

pub(crate) fn pair(refresh: &str, access: &str, left: u64) -> TokenPair {
    TokenPair::new(
        AccessToken::new(access).unwrap(),
        RefreshToken::new(refresh).unwrap(),
        UnixSeconds::new(START),
        UnixSeconds::new(START + left),
    )
}

/// Files in memory.
#[derive(Clone, Default)]
pub(crate) struct MemoryLifeboat {
    pub(crate) is_unreadable: Arc<AtomicBool>,
    /// Whether the disk is full.
    pub(crate) is_full: Arc<AtomicBool>,
    pub(crate) reserved: Arc<Mutex<Vec<GrantKey>>>,
    pub(crate) files: Arc<Mutex<Vec<UnsavedPair>>>,
    /// Codes with a reservation.
    pub(crate) reserved_codes: Arc<Mutex<Vec<i64>>>,
    /// Pairs of codes.
    pub(crate) answers: Arc<Mutex<Vec<ClaimedCode>>>,
}

impl MemoryLifeboat {
    fn has_room(&self) -> Result<(), MemoryError> {
        match self.is_full.load(Ordering::Relaxed) {
            true => Err(MemoryError::new(StoreErrorKind::Unavailable)),
            false => Ok(()),
        }
    }

    fn is_readable(&self) -> Result<(), MemoryError> {
        match self.is_unreadable.load(Ordering::Relaxed) {
            true => Err(MemoryError::new(StoreErrorKind::Unavailable)),
            false => Ok(()),
        }
    }
}

impl LifeboatPort for MemoryLifeboat {
    type Error = MemoryError;

    async fn reserve(&self, key: &GrantKey) -> Result<(), MemoryError> {
        self.has_room()?;
        self.reserved.lock().unwrap().push(*key);
        Ok(())
    }

    async fn release_slot(&self, key: &GrantKey) -> Result<(), MemoryError> {
        self.reserved.lock().unwrap().retain(|other| other != key);
        Ok(())
    }

    async fn write(&self, unsaved: &UnsavedPair) -> Result<(), MemoryError> {
        self.files.lock().unwrap().push(unsaved.clone());
        Ok(())
    }

    async fn read(&self, key: &GrantKey) -> Result<Option<UnsavedPair>, MemoryError> {
        self.is_readable()?;
        let files = self.files.lock().unwrap();
        Ok(files.iter().find(|file| file.key == *key).cloned())
    }

    async fn delete(&self, unsaved: &UnsavedPair) -> Result<(), MemoryError> {
        let mut files = self.files.lock().unwrap();
        files.retain(|file| file.attempt != unsaved.attempt);
        Ok(())
    }

    async fn keys(&self) -> Result<Vec<GrantKey>, MemoryError> {
        Ok(self
            .files
            .lock()
            .unwrap()
            .iter()
            .map(|file| file.key)
            .collect())
    }

    async fn reserve_for_code(&self, code: &ClaimedCode) -> Result<(), MemoryError> {
        self.has_room()?;
        self.reserved_codes.lock().unwrap().push(code.id);
        Ok(())
    }

    async fn release_code_slot(&self, code: &ClaimedCode) -> Result<(), MemoryError> {
        let mut reserved = self.reserved_codes.lock().unwrap();
        reserved.retain(|other| *other != code.id);
        Ok(())
    }

    async fn write_answer(&self, code: &ClaimedCode, pair: &TokenPair) -> Result<(), MemoryError> {
        let mut code = code.clone();
        code.answer = Some(pair.clone());
        self.answers.lock().unwrap().push(code);
        Ok(())
    }

    async fn answers(&self) -> Result<Vec<ClaimedCode>, MemoryError> {
        self.is_readable()?;
        Ok(self.answers.lock().unwrap().clone())
    }

    async fn delete_answer(&self, code: &ClaimedCode) -> Result<(), MemoryError> {
        let mut answers = self.answers.lock().unwrap();
        answers.retain(|other| other.pending.code != code.pending.code);
        Ok(())
    }
}

/// For a process without a lifeboat.
pub(crate) const NO_LIFEBOAT: Option<MemoryLifeboat> = None;

pub(crate) struct Scene {
    pub(crate) keeper: Keeper<MemoryStore>,
    pub(crate) store: MemoryStore,
    pub(crate) wire: ScriptedEndpoint,
    pub(crate) clock: VirtualClock,
    pub(crate) alarms: Arc<Mutex<Vec<Alarm>>>,
    pub(crate) grants: Arc<Mutex<Vec<NewGrant>>>,
}

pub(crate) type Handle = GrantHandle<MemoryStore>;

impl Scene {
    /// A keeper of the real realm.
    pub(crate) fn new() -> Self {
        Self::with_lifeboat(NO_LIFEBOAT)
    }

    pub(crate) fn with_lifeboat(lifeboat: impl Into<Option<MemoryLifeboat>>) -> Self {
        let clock = VirtualClock::new();
        let wire = ScriptedEndpoint::new(clock.clone());
        Self::beside(
            MemoryStore::new(clock.clone()),
            wire,
            clock,
            lifeboat,
            "default",
            SECRET,
        )
    }

    /// Another process at the same store and platform.
    pub(crate) fn beside(
        store: MemoryStore,
        wire: ScriptedEndpoint,
        clock: VirtualClock,
        lifeboat: impl Into<Option<MemoryLifeboat>>,
        egress: &str,
        secret: &str,
    ) -> Self {
        Self::beside_with(store, wire, clock, lifeboat, secret, |settings| {
            settings.egress = egress.to_owned();
        })
    }

    /// The same with other settings.
    pub(crate) fn beside_with(
        store: MemoryStore,
        wire: ScriptedEndpoint,
        clock: VirtualClock,
        lifeboat: impl Into<Option<MemoryLifeboat>>,
        secret: &str,
        adjust: impl FnOnce(&mut KeeperSettings),
    ) -> Self {
        let alarms: Arc<Mutex<Vec<Alarm>>> = Arc::default();
        let grants: Arc<Mutex<Vec<NewGrant>>> = Arc::default();
        let (told, given) = (Arc::clone(&alarms), Arc::clone(&grants));
        let mut settings = KeeperSettings::new(Endpoints::real());
        settings.policy.jitter = Duration::ZERO;
        adjust(&mut settings);
        let builder = Keeper::builder(store.clone(), wire.clone(), settings)
            .clock(clock.clone())
            .credentials(credentials(secret))
            .on_alarm(move |alarm| told.lock().unwrap().push(alarm.clone()))
            .on_grant(move |grant| given.lock().unwrap().push(grant.clone()));
        let keeper = match lifeboat.into() {
            Some(lifeboat) => builder.lifeboat(lifeboat).build(),
            None => builder.build(),
        };
        Self {
            keeper,
            store,
            wire,
            clock,
            alarms,
            grants,
        }
    }

    /// A grant whose access token has this many seconds left.
    pub(crate) fn grant(&self, left: u64) -> Handle {
        let refresh = self.wire.consent();
        let pair = pair(&refresh, "access-0", left);
        let mut grant = Grant::consent(None, key(), host(), Some(true), pair).grant;
        grant.revision = grant.revision.next();
        self.store.with(|kept| kept.grants.insert(key(), grant));
        self.keeper.grant(&key()).unwrap()
    }

    /// The grant of another account, whose access token has this many seconds left.
    pub(crate) fn grant_of(&self, account: u64, left: u64) -> Handle {
        let key = GrantKey {
            account_id: AccountId::from_number(account).unwrap(),
            ..key()
        };
        let refresh = self.wire.consent();
        let pair = pair(&refresh, &format!("access-of-{account}"), left);
        let mut grant = Grant::consent(None, key, host(), None, pair).grant;
        grant.revision = grant.revision.next();
        self.store.with(|kept| kept.grants.insert(key, grant));
        self.keeper.grant(&key).unwrap()
    }

    /// The same, of an account whose refresh has worked recently.
    pub(crate) fn proven_grant_of(&self, account: u64, left: u64) -> Handle {
        let handle = self.grant_of(account, left);
        let now = self.clock.now();
        self.store.with(|kept| {
            let grant = kept.grants[handle.key()].clone();
            let newest = grant.state.pairs().unwrap().newest().clone();
            let base = grant.generation;
            let attempt = Attempt::new(AttemptId::new([9; 16]), newest.number, now);
            let begun = grant.begin(attempt).unwrap().grant;
            let next = pair(
                &self.wire.consent(),
                &format!("access-of-{account}-2"),
                left,
            );
            let (moved, _) = begun.receive(base, newest.number, next, now).unwrap();
            kept.grants.insert(*handle.key(), moved.grant);
        });
        handle
    }

    pub(crate) fn state(&self) -> &'static str {
        self.store.with(|kept| kept.grants[&key()].state.name())
    }

    pub(crate) fn count(&self, counter: Counter) -> u64 {
        self.keeper.metrics().get(counter)
    }

    pub(crate) fn alarm_names(&self) -> Vec<&'static str> {
        let alarms = self.alarms.lock().unwrap();
        alarms.iter().map(|alarm| alarm.kind.name()).collect()
    }
}
