//! The store: whether it opens, whether its key fits, whether every record can be read, and who
//! else can read the files.

use std::path::{Path, PathBuf};

use kommo_keeper::{GrantStore, StoreError, StoreErrorKind};
use kommo_oauth::grant::Grant;
use kommo_store::{EncryptionKeys, Lifeboat, Store, StoreFault};

use super::check::{Level, Report};
use crate::failure::exit::{self, Failure};
use crate::keeper::keeper_setup::KeeperArgs;
use crate::keeper::lifeboats::LifeboatPlaces;
use crate::keeper::store_place::StorePlace;
use crate::keeper::stores;
use crate::keeper::waiting_codes;
use crate::run::context::Context;

const AREA: &str = "store";

/// Reads the store, and returns the grants that could be read.
pub(super) async fn look(
    keeper: &KeeperArgs,
    context: &Context,
    report: &mut Report,
) -> Vec<Grant> {
    let (place, keys) = match named(keeper, context) {
        Ok(named) => named,
        Err(failure) => {
            found(report, "store-unusable", &failure);
            return Vec::new();
        }
    };
    if let StorePlace::Sqlite(path) = &place
        && !path.exists()
    {
        let message = format!("there is no store yet: {}", place.label());
        report.good(AREA, "store-missing", message);
        return Vec::new();
    }
    look_at_modes(&place, report);
    let is_encrypted = keys.is_some();
    let store = match stores::look(&place, keys.clone()).await {
        Ok(Some(store)) => store,
        Ok(None) => {
            let message = format!("there is no store yet: {} has no tables", place.label());
            report.good(AREA, "store-missing", message);
            return Vec::new();
        }
        Err(failure) => {
            found(report, "store-unusable", &failure);
            return Vec::new();
        }
    };
    // SQLite writes with synchronous=FULL, and PostgreSQL without fsync is refused by the opening.
    report.good(AREA, "store-opens", format!("opens: {}", place.label()));
    if !is_encrypted {
        report.add(
            AREA,
            Level::Advice,
            "store-plain",
            "the store has no encryption key: its tokens are not encrypted",
            "make a key of 64 hex digits, and name its file in the profile",
        );
    }
    look_at_problems(&store, report).await;
    let grants = read_all(&store, report).await;
    look_at_codes(&store, &grants, keeper, context, report).await;
    stores::close(&store).await;
    look_at_lifeboats(&place, keys, report).await;
    grants
}

fn named(
    keeper: &KeeperArgs,
    context: &Context,
) -> Result<(StorePlace, Option<EncryptionKeys>), Failure> {
    Ok((keeper.store.place(context)?, keeper.store.keys(context)?))
}

fn found(report: &mut Report, code: &'static str, failure: &Failure) {
    let remedy = failure.hint_text();
    let remedy = remedy.unwrap_or("see `kommo auth status --help`");
    report.add(AREA, Level::Error, code, failure.message(), remedy);
}

/// Damaged pages, a database that cannot be written to, lock files that cannot be opened: each by
/// the store itself.
async fn look_at_problems(store: &Store, report: &mut Report) {
    let problems = match store.problems().await {
        Ok(problems) => problems,
        Err(error) => vec![error],
    };
    if problems.is_empty() {
        let message = "its pages are whole, it can be written to, and every lock can be taken";
        report.good(AREA, "store-sound", message);
    }
    for problem in problems {
        let (code, remedy) = match problem.kind() {
            StoreErrorKind::Damaged => (
                "store-damaged",
                "stop every program that uses it, keep a copy, and replace it by a backup",
            ),
            _ => (
                "store-unwritable",
                "see who owns the file, its directory and its locks, and whether the disk is full or read-only: a refresh could not be saved",
            ),
        };
        report.add(AREA, Level::Error, code, &exit::chain(&problem), remedy);
    }
}

async fn read_all(store: &Store, report: &mut Report) -> Vec<Grant> {
    let lines = match stores::list(store, None).await {
        Ok(lines) => lines,
        Err(error) => {
            bad_record(&error, report);
            return Vec::new();
        }
    };
    let mut grants = Vec::with_capacity(lines.len());
    for line in &lines {
        match store.load(&line.key).await {
            Ok(grant) => grants.extend(grant),
            Err(error) => bad_record(&error, report),
        }
    }
    if grants.len() == lines.len() {
        let plural = if grants.len() == 1 { "" } else { "s" };
        let message = format!("every record can be read: {} grant{plural}", grants.len());
        report.good(AREA, "records-readable", message);
    }
    grants
}

/// Codes that wait, of the integration of the profile and of those that have grants.
async fn look_at_codes(
    store: &Store,
    grants: &[Grant],
    keeper: &KeeperArgs,
    context: &Context,
    report: &mut Report,
) {
    let known = keeper.integration.known_client_id(context).ok().flatten();
    let realm = keeper.endpoints(context).map(|endpoints| endpoints.realm());
    let listed = grants
        .iter()
        .map(|grant| (grant.key.realm, grant.key.client_id));
    let mut integrations: Vec<_> = listed.chain(realm.ok().zip(known)).collect();
    integrations.sort();
    integrations.dedup();
    for (realm, client_id) in integrations {
        match waiting_codes::of(store, realm, Some(client_id)).await {
            Ok(codes) => {
                for code in codes {
                    report.add(
                        AREA,
                        Level::Warning,
                        "code-waits",
                        &waiting_codes::line(&code),
                        "mend what it waits for, then `kommo auth retry`; no new consent is needed",
                    );
                }
            }
            Err(failure) => found(report, "store-failed", &failure),
        }
    }
}

fn bad_record(error: &StoreFault, report: &mut Report) {
    let (code, remedy) = match error.kind() {
        StoreErrorKind::WrongKey => (
            "encryption-key-wrong",
            "give the key that it was written with; during a rotation, both",
        ),
        StoreErrorKind::NewerVersion => ("record-newer", "update this program"),
        StoreErrorKind::Damaged => (
            "record-damaged",
            "put the record back from a backup, or ask for a new consent",
        ),
        _ => ("store-failed", "try again; see whether the disk is full"),
    };
    report.add(AREA, Level::Error, code, &exit::chain(error), remedy);
}

/// The files of the store and the directory of the lifeboat, as they are: nothing was opened
/// before.
fn look_at_modes(place: &StorePlace, report: &mut Report) {
    let places = LifeboatPlaces::of(place);
    let mut looked_at: Vec<PathBuf> = places
        .iter()
        .flat_map(|places| places.all().cloned())
        .collect();
    if let StorePlace::Sqlite(path) = place {
        looked_at.extend(["", "-wal", "-shm"].map(|more| {
            let mut name = path.as_os_str().to_owned();
            name.push(more);
            PathBuf::from(name)
        }));
    }
    for file in looked_at {
        #[cfg(unix)]
        if let Ok(metadata) = std::fs::metadata(&file)
            && std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0
        {
            report.add(
                AREA,
                Level::Error,
                "store-file-open",
                &format!("{} is open to others", file.display()),
                "chmod 600 a file, 700 a directory",
            );
        }
    }
}

async fn look_at_lifeboats(place: &StorePlace, keys: Option<EncryptionKeys>, report: &mut Report) {
    let Ok(places) = LifeboatPlaces::of(place) else {
        return;
    };
    if places.elsewhere.is_none() && matches!(place, StorePlace::Sqlite(_)) {
        report.add(
            AREA,
            Level::Advice,
            "lifeboat-same-disk",
            "the lifeboat is on the same file system as the store: when that fails, both do",
            "give XDG_STATE_HOME a directory of the store's owner on another file system; without one, against a full disk there is only the space that is reserved before each refresh",
        );
    }
    for directory in places.all().filter(|path| path.exists()) {
        look_at_lifeboat(directory, keys.clone(), report).await;
    }
}

async fn look_at_lifeboat(directory: &Path, keys: Option<EncryptionKeys>, report: &mut Report) {
    match Lifeboat::look_into(directory, keys.clone()).await {
        Ok(in_use) if in_use.grants.is_empty() && in_use.exchanges == 0 => {}
        Ok(in_use) => report.add(
            AREA,
            Level::Warning,
            "lifeboat-in-use",
            &format!(
                "the lifeboat holds tokens that the store would not take: {} grants, {} new consents",
                in_use.grants.len(),
                in_use.exchanges
            ),
            "`kommo auth keep-alive --all` saves them",
        ),
        // Reported below, file by file.
        Err(_) => {}
    }
    let problems = match Lifeboat::problems_in(directory, keys).await {
        Ok(problems) => problems,
        Err(error) => vec![error],
    };
    for problem in problems {
        report.add(
            AREA,
            Level::Error,
            "lifeboat-unreadable",
            &exit::chain(&problem),
            "see who owns it; leave its files where they are: they may hold the only valid tokens",
        );
    }
}
