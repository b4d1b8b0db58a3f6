//! The store as the commands open it, and what its errors mean to the one who typed.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::path::Path;

use kommo_account::Realm;
use kommo_keeper::{Keeper, StoreError, StoreErrorKind};
use kommo_store::{DatabaseUrl, EncryptionKeys, GrantSummary, Store, StoreFault, StoreSettings};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure};
use crate::input::private_file;
use crate::keeper::store_place::StorePlace;
use crate::run::opened::{Local, Open};

/// How long closing the connections may take.
const CLOSED_WITHIN: Duration = Duration::from_secs(4);

/// How many grants are read at a time.
const PAGE: u32 = 500;

/// Makes the file of a store that is not there yet, in a directory of its own user: for what puts a
/// grant into it.
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

/// Opens the store that is there: to read, or to change what it holds. A command that only reads
/// leaves no file behind.
pub(crate) async fn open(
    place: &StorePlace,
    keys: Option<EncryptionKeys>,
) -> Result<Store, Failure> {
    if place.is_missing() {
        return Err(missing(place));
    }
    let opened = open_with(place, settings(keys)).await?;
    opened.map_err(|error| failure(&error))
}

/// Opens the store read-only: no file is created, narrowed or written. `None` if no store was made
/// there yet.
pub(crate) async fn look(
    place: &StorePlace,
    keys: Option<EncryptionKeys>,
) -> Result<Option<Store>, Failure> {
    if place.is_missing() {
        return Ok(None);
    }
    match open_with(place, settings(keys).read_only()).await? {
        Err(StoreFault::OlderSchema { found: 0, .. }) => Ok(None),
        opened => opened.map(Some).map_err(|error| failure(&error)),
    }
}

async fn open_with(
    place: &StorePlace,
    settings: StoreSettings,
) -> Result<Result<Store, StoreFault>, Failure> {
    Ok(match place {
        StorePlace::Sqlite(path) => Store::open(path, settings).await,
        StorePlace::Postgres(url) => {
            let url = DatabaseUrl::parse(url.expose()).map_err(Failure::usage)?;
            Store::open(url, settings).await
        }
    })
}

/// Every grant of a realm, without its tokens, in a stable order.
pub(crate) async fn list(
    store: &Store,
    realm: Option<Realm>,
) -> Result<Vec<GrantSummary>, StoreFault> {
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = store.list(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(listed);
        };
        after = Some(last.key);
        let wanted = page.into_iter();
        listed.extend(wanted.filter(|grant| realm.is_none_or(|realm| grant.key.realm == realm)));
    }
}

/// Closes every connection, so that nothing is left behind in a file; not for long, since a server
/// may be silent.
pub(crate) async fn close(store: &Store) {
    store.close_within(CLOSED_WITHIN).await;
}

/// A store alone: a command that is stopped may finish what it writes.
impl Open for Arc<Store> {
    fn drain(&self) -> Local<'_, ()> {
        Box::pin(core::future::ready(()))
    }

    fn close(&self) -> Local<'_, ()> {
        Box::pin(close(self))
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// A keeper and its store: what was sent is drained, and a result may still be printed.
impl Open for Keeper<Store> {
    fn drain(&self) -> Local<'_, ()> {
        Box::pin(Self::drain(self))
    }

    fn close(&self) -> Local<'_, ()> {
        Box::pin(close(self.store()))
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

/// The refusal to look for a grant in a store that does not exist.
pub(crate) fn missing(place: &StorePlace) -> Failure {
    let message = format!("the store has no grant: there is no {}", place.label());
    Failure::new(ErrorCode::NoGrant, message)
        .hint("`kommo auth login` gets a grant and makes the store; another store: --store URL")
}

/// What the operator set up wrongly is status 2, a grant that is not what it should be status 1,
/// everything else status 3.
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

/// The code of a store's error.
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
