//! Either store behind one name. The keeper knows its traits alone; which database it is, is decided once, here.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::path::Path;

use kommo_account::{AccountId, ClientId, Realm};
use kommo_keeper::{
    ClaimedCode, CodeEnd, CodePut, DueClaim, DueGrants, GrantStore, Keeper, PendingCode,
    PendingCodes, StoreError, StoreErrorKind, Written,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Transition};
use kommo_oauth::token::TokenPair;
use kommo_store::{
    CodeLine, DatabaseUrl, EncryptionKeys, GrantLine, KeyUse, Lifeboat, PostgresStore, SqliteStore,
    StoreFault, StoreSettings,
};
use zeroize::Zeroizing;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure};
use crate::input::private_file;
use crate::keeper::store_place::StorePlace;
use crate::run::opened::{Local, Open};

/// How long closing the connections may take.
const CLOSED_WITHIN: Duration = Duration::from_secs(4);

/// How many grants are read at a time.
const PAGE: u32 = 500;

/// A store that is open.
pub(crate) enum AnyStore {
    /// A file.
    Sqlite(SqliteStore),
    /// A server.
    Postgres(PostgresStore),
}

/// The lock of a grant in either.
pub(crate) enum AnyLock {
    Sqlite(<SqliteStore as GrantStore>::Lock),
    Postgres(<PostgresStore as GrantStore>::Lock),
}

/// The same call to whichever store it is.
macro_rules! on_either {
    ($store:expr, $name:ident => $call:expr) => {
        match $store {
            AnyStore::Sqlite($name) => $call.await,
            AnyStore::Postgres($name) => $call.await,
        }
    };
}

impl AnyStore {
    /// Makes the file of a store that is not there yet, in a directory of its own user: for what puts a grant into it.
    pub(crate) fn make(place: &StorePlace) -> Result<(), Failure> {
        let StorePlace::Sqlite(path) = place else {
            return Ok(());
        };
        let failed = |what: &str, path: &Path, error: &io::Error| {
            let path = path.display();
            Failure::io(format!("cannot make the {what} {path}: {error}"))
        };
        if let Some(directory) = path.parent().filter(|path| !path.as_os_str().is_empty()) {
            private_file::make_directory(directory)
                .map_err(|error| failed("directory", directory, &error))?;
        }
        match private_file::create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(failed("file", path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Opens the store that is there: to read, or to change what it holds. Whoever only asks leaves no file behind.
    pub(crate) async fn open(
        place: &StorePlace,
        keys: Option<EncryptionKeys>,
    ) -> Result<Self, Failure> {
        if place.is_missing() {
            return Err(missing(place));
        }
        let opened = Self::open_with(place, settings(keys)).await?;
        opened.map_err(|error| failure(&error))
    }

    /// Opens the store to look at it as it is: nothing is made, narrowed or written. `None` if no store was made there yet.
    pub(crate) async fn look(
        place: &StorePlace,
        keys: Option<EncryptionKeys>,
    ) -> Result<Option<Self>, Failure> {
        if place.is_missing() {
            return Ok(None);
        }
        match Self::open_with(place, settings(keys).read_only()).await? {
            Err(StoreFault::OlderSchema { found: 0, .. }) => Ok(None),
            opened => opened.map(Some).map_err(|error| failure(&error)),
        }
    }

    async fn open_with(
        place: &StorePlace,
        settings: StoreSettings,
    ) -> Result<Result<Self, StoreFault>, Failure> {
        Ok(match place {
            StorePlace::Sqlite(path) => SqliteStore::open(path, settings).await.map(Self::Sqlite),
            StorePlace::Postgres(url) => {
                let url = DatabaseUrl::parse(url.expose()).map_err(Failure::usage)?;
                let store = PostgresStore::connect(&url, settings).await;
                store.map(Self::Postgres)
            }
        })
    }

    /// Every grant of a realm, without its tokens, in a stable order.
    pub(crate) async fn list(&self, realm: Option<Realm>) -> Result<Vec<GrantLine>, StoreFault> {
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let page = on_either!(self, store => store.list(after.as_ref(), PAGE))?;
            let Some(last) = page.last() else {
                return Ok(listed);
            };
            after = Some(last.key);
            let wanted = page.into_iter();
            listed
                .extend(wanted.filter(|grant| realm.is_none_or(|realm| grant.key.realm == realm)));
        }
    }

    /// The grant that speaks for the account of this one.
    pub(crate) async fn primary(&self, of: &GrantKey) -> Result<Option<GrantKey>, StoreFault> {
        on_either!(self, store => store.primary(of.realm, &of.client_id, of.account_id))
    }

    /// Chooses the grant that speaks for its account.
    pub(crate) async fn choose_primary(&self, key: &GrantKey) -> Result<(), StoreFault> {
        on_either!(self, store => store.choose_primary(key))
    }

    /// Seals the grant here, and gives it as text for another store.
    pub(crate) async fn export_sealed(
        &self,
        key: &GrantKey,
        at: UnixSeconds,
        lifeboats: &[Lifeboat],
    ) -> Result<Zeroizing<String>, StoreFault> {
        on_either!(self, store => store.export_sealed(key, at, lifeboats))
    }

    /// Gives an exported grant once more.
    pub(crate) async fn export_again(
        &self,
        key: &GrantKey,
        at: UnixSeconds,
    ) -> Result<Zeroizing<String>, StoreFault> {
        on_either!(self, store => store.export_again(key, at))
    }

    /// Takes a grant that another store exported.
    pub(crate) async fn import(
        &self,
        exported: &str,
        at: UnixSeconds,
    ) -> Result<GrantKey, StoreFault> {
        on_either!(self, store => store.import(exported, at))
    }

    /// When which key proved something last.
    pub(crate) async fn key_uses(&self) -> Result<Vec<KeyUse>, StoreFault> {
        on_either!(self, store => store.key_uses())
    }

    /// The codes of an integration that wait for their exchange, newest first.
    pub(crate) async fn waiting_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        limit: u32,
    ) -> Result<Vec<CodeLine>, StoreFault> {
        on_either!(self, store => store.waiting_codes(realm, client_id, limit))
    }

    /// What is wrong with the store as it is, records apart.
    pub(crate) async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        on_either!(self, store => store.problems())
    }

    /// Whether records are encrypted.
    pub(crate) fn encrypts(&self) -> bool {
        match self {
            Self::Sqlite(store) => store.encrypts(),
            Self::Postgres(store) => store.encrypts(),
        }
    }

    /// Notes that a key was used.
    pub(crate) async fn note_key_use(
        &self,
        purpose: &str,
        key_id: &str,
        at: UnixSeconds,
    ) -> Result<(), StoreFault> {
        on_either!(self, store => store.note_key_use(purpose, key_id, at))
    }

    /// Closes every connection, so that nothing is left behind in a file; not for long, since a server may be silent.
    pub(crate) async fn close(&self) {
        on_either!(self, store => store.close_within(CLOSED_WITHIN));
    }
}

/// A store alone: a command that is stopped may finish what it writes.
impl Open for Arc<AnyStore> {
    fn drain(&self) -> Local<'_, ()> {
        Box::pin(core::future::ready(()))
    }

    fn close(&self) -> Local<'_, ()> {
        Box::pin(AnyStore::close(self))
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// A keeper and its store: what was sent is drained, and a result may still be printed.
impl Open for Keeper<AnyStore> {
    fn drain(&self) -> Local<'_, ()> {
        Box::pin(Self::drain(self))
    }

    fn close(&self) -> Local<'_, ()> {
        Box::pin(self.store().close())
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(1)
    }
}

fn settings(keys: Option<EncryptionKeys>) -> StoreSettings {
    match keys {
        Some(keys) => StoreSettings::new().encrypted(keys),
        None => StoreSettings::new(),
    }
}

/// The refusal to look for a grant in a store that nobody has made.
pub(crate) fn missing(place: &StorePlace) -> Failure {
    let message = format!("the store has no grant: there is no {}", place.label());
    Failure::new(ErrorCode::NoGrant, message)
        .hint("`kommo auth login` gets a grant and makes the store; another store: --store URL")
}

/// What the operator set up wrongly is status 2, a grant that is not what it should be status 1, everything else status 3.
pub(crate) fn failure(error: &StoreFault) -> Failure {
    let message = exit::chain(error);
    match error {
        StoreFault::NoGrant { .. } => return Failure::new(ErrorCode::NoGrant, message),
        StoreFault::WrongState { .. } | StoreFault::ImportedBefore { .. } => {
            return Failure::new(ErrorCode::WrongState, message);
        }
        StoreFault::UnsavedPair { .. } => {
            return Failure::new(ErrorCode::WrongState, message)
                .hint("`kommo auth refresh` saves it; then export");
        }
        _ => {}
    }
    let trouble = error.kind();
    let failure = Failure::new(code(trouble), message);
    match trouble {
        StoreErrorKind::WrongKey => failure
            .hint("give that key with --encryption-key-file; this program keeps no copy of it"),
        StoreErrorKind::NewerVersion => failure.hint("a newer `kommo` wrote it: update this one"),
        StoreErrorKind::Damaged => {
            failure.hint("nothing was overwritten; `kommo doctor` looks at every record")
        }
        _ => failure,
    }
}

/// The code of a store's trouble.
pub(crate) const fn code(trouble: StoreErrorKind) -> ErrorCode {
    match trouble {
        StoreErrorKind::Misconfigured => ErrorCode::StoreMisconfigured,
        StoreErrorKind::WrongKey => ErrorCode::StoreKeyWrong,
        StoreErrorKind::NewerVersion => ErrorCode::StoreNewer,
        StoreErrorKind::Damaged | StoreErrorKind::Taken => ErrorCode::StoreDamaged,
        StoreErrorKind::Erased => ErrorCode::Erased,
        _ => ErrorCode::StoreFailed,
    }
}

impl GrantStore for AnyStore {
    type Error = StoreFault;
    type Lock = AnyLock;

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>, StoreFault> {
        on_either!(self, store => store.load(key))
    }

    async fn load_locked(
        &self,
        lock: &mut AnyLock,
        key: &GrantKey,
    ) -> Result<Option<Grant>, StoreFault> {
        match (self, lock) {
            (Self::Sqlite(store), AnyLock::Sqlite(lock)) => store.load_locked(lock, key).await,
            (Self::Postgres(store), AnyLock::Postgres(lock)) => store.load_locked(lock, key).await,
            // INVARIANT: as in `write`.
            _ => self.load(key).await,
        }
    }

    async fn try_lock(&self, key: &GrantKey) -> Result<Option<AnyLock>, StoreFault> {
        Ok(match self {
            Self::Sqlite(store) => store.try_lock(key).await?.map(AnyLock::Sqlite),
            Self::Postgres(store) => store.try_lock(key).await?.map(AnyLock::Postgres),
        })
    }

    async fn still_held(&self, lock: &mut AnyLock) -> Result<bool, StoreFault> {
        match (self, lock) {
            (Self::Sqlite(store), AnyLock::Sqlite(lock)) => store.still_held(lock).await,
            (Self::Postgres(store), AnyLock::Postgres(lock)) => store.still_held(lock).await,
            // INVARIANT: as in `write`.
            _ => Ok(false),
        }
    }

    async fn write(
        &self,
        lock: Option<&mut AnyLock>,
        moved: &Transition,
        at: UnixSeconds,
    ) -> Result<Written, StoreFault> {
        match (self, lock) {
            (Self::Sqlite(store), Some(AnyLock::Sqlite(lock))) => {
                store.write(Some(lock), moved, at).await
            }
            (Self::Postgres(store), Some(AnyLock::Postgres(lock))) => {
                store.write(Some(lock), moved, at).await
            }
            // INVARIANT: a lock of the other kind cannot come up, since locks are made above only.
            (Self::Sqlite(store), _) => store.write(None, moved, at).await,
            (Self::Postgres(store), _) => store.write(None, moved, at).await,
        }
    }

    async fn unlock(&self, lock: AnyLock) -> Result<(), StoreFault> {
        match (self, lock) {
            (Self::Sqlite(store), AnyLock::Sqlite(lock)) => store.unlock(lock).await,
            (Self::Postgres(store), AnyLock::Postgres(lock)) => store.unlock(lock).await,
            // Dropping it gives it back too.
            _ => Ok(()),
        }
    }

    async fn keys(
        &self,
        after: Option<&GrantKey>,
        limit: u32,
    ) -> Result<Vec<GrantKey>, StoreFault> {
        on_either!(self, store => store.keys(after, limit))
    }

    async fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Vec<GrantKey>, StoreFault> {
        on_either!(self, store => store.keys_of_account(realm, client_id, account_id))
    }
}

impl DueGrants for AnyStore {
    type Error = StoreFault;

    async fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<DueClaim>, StoreFault> {
        on_either!(self, store => store.claim_due(realm, client_id, now, limit, lease))
    }

    async fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> Result<(), StoreFault> {
        on_either!(self, store => store.settle_due(settled))
    }
}

impl PendingCodes for AnyStore {
    type Error = StoreFault;

    async fn put_code(&self, pending: &PendingCode) -> Result<CodePut, StoreFault> {
        on_either!(self, store => store.put_code(pending))
    }

    async fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> Result<u64, StoreFault> {
        on_either!(self, store => store.expire_codes(realm, client_id, now))
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        on_either!(self, store => store.claim_codes(realm, client_id, now, limit, lease))
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        on_either!(self, store => store.claim_consents(realm, client_id, now, limit, lease))
    }

    async fn claim_code(
        &self,
        pending: &PendingCode,
        now: UnixSeconds,
        lease: Duration,
    ) -> Result<Option<ClaimedCode>, StoreFault> {
        on_either!(self, store => store.claim_code(pending, now, lease))
    }

    async fn note_code(&self, claimed: &ClaimedCode, why: &str) -> Result<(), StoreFault> {
        on_either!(self, store => store.note_code(claimed, why))
    }

    async fn keep_answer(&self, claimed: &ClaimedCode, pair: &TokenPair) -> Result<(), StoreFault> {
        on_either!(self, store => store.keep_answer(claimed, pair))
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Result<(), StoreFault> {
        on_either!(self, store => store.settle_code(claimed, end))
    }
}
