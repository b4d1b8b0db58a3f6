//! Where pairs are kept that the store did not save: beside the store, and on another file system
//! if there is one.
//!
//! ```text
//!   another file system   $XDG_STATE_HOME/kommo/lifeboat/STORE, else ~/.local/state/…    written first: one full disk takes not both
//!   beside the store      grants.db.lifeboat                                             what cannot be written there, and what was
//! ```
//!
//! Both are read, always: a process of another user, or with another home, sees the one beside the
//! store.

use std::path::{Path, PathBuf};

use kommo_keeper::{ClaimedCode, LifeboatPort};
use kommo_oauth::grant::{GrantKey, UnsavedPair};
use kommo_oauth::token::TokenPair;
use kommo_store::{EncryptionKeys, Lifeboat, StoreFault};
use sha2::{Digest, Sha256};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::private_file;
use crate::keeper::store_place::StorePlace;
use crate::keeper::stores;

/// One or more lifeboats. Pairs are written to the first one that can be written to.
#[derive(Clone, Debug)]
pub(crate) struct Lifeboats {
    all: Vec<Lifeboat>,
}

impl Lifeboats {
    /// Each of them.
    pub(crate) fn as_slice(&self) -> &[Lifeboat] {
        &self.all
    }

    /// Work on the first one that can do it.
    async fn first<'a, W>(&'a self, work: impl Fn(&'a Lifeboat) -> W) -> Result<(), StoreFault>
    where
        W: Future<Output = Result<(), StoreFault>>,
    {
        let mut done = Ok(());
        for boat in &self.all {
            done = work(boat).await;
            if done.is_ok() {
                break;
            }
        }
        done
    }

    /// Work on each of them; the first error of all.
    async fn each<'a, W>(&'a self, work: impl Fn(&'a Lifeboat) -> W) -> Result<(), StoreFault>
    where
        W: Future<Output = Result<(), StoreFault>>,
    {
        let mut done = Ok(());
        for boat in &self.all {
            done = done.and(work(boat).await);
        }
        done
    }

    /// Opens, and makes, the lifeboats of a store.
    pub(crate) fn open(place: &StorePlace, keys: Option<EncryptionKeys>) -> Result<Self, Failure> {
        let places = LifeboatPlaces::of(place)?;
        let mut all = Vec::new();
        // If the home directory cannot be written to, the other one is still used.
        if let Some(elsewhere) = &places.elsewhere
            && private_file::make_directory(elsewhere).is_ok()
            && let Ok(boat) = Lifeboat::in_directory(elsewhere, keys.clone())
        {
            all.push(boat);
        }
        let directory = &places.beside;
        private_file::make_directory(directory).map_err(|error| {
            Failure::io(format!(
                "cannot create the directory {}: {error}",
                directory.display()
            ))
        })?;
        let beside = Lifeboat::in_directory(directory, keys);
        all.push(beside.map_err(|error| stores::failure(&error))?);
        Ok(Self { all })
    }
}

/// The directories of the lifeboats of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LifeboatPlaces {
    /// On another file system than the store.
    pub(crate) elsewhere: Option<PathBuf>,
    /// Beside the store; for a server, in the user's data directory.
    pub(crate) beside: PathBuf,
}

impl LifeboatPlaces {
    /// Finds the existing ones; creates nothing.
    pub(crate) fn of(place: &StorePlace) -> Result<Self, Failure> {
        let StorePlace::Sqlite(path) = place else {
            let beside = private_file::data_directory()
                .map_err(|_| nowhere())?
                .join("lifeboat");
            return Ok(Self {
                elsewhere: None,
                beside,
            });
        };
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lifeboat");
        let elsewhere = private_file::state_directory().map(|state| {
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            state.join("lifeboat").join(name_of(&path))
        });
        Ok(Self {
            elsewhere: elsewhere.filter(|elsewhere| is_apart(elsewhere, path)),
            beside: PathBuf::from(beside),
        })
    }

    /// All of them, the one that is written to first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.elsewhere.iter().chain([&self.beside])
    }
}

/// With a server, nothing else on this machine says where.
fn nowhere() -> Failure {
    let message = "no place for the lifeboat: neither XDG_DATA_HOME nor HOME is an absolute path";
    Failure::new(ErrorCode::SettingMissing, message).hint(
        "set XDG_DATA_HOME to a directory that lasts: tokens that the server fails to save are kept there",
    )
}

/// The same for every spelling of a path; two stores never share a lifeboat.
fn name_of(store: &Path) -> String {
    let digest = Sha256::digest(store.as_os_str().as_encoded_bytes());
    let bytes = digest.iter().take(8);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a directory, made or not, is on another file system than the store, and its owner is the
/// store's: a service would not find what root leaves in root's home.
#[cfg(unix)]
fn is_apart(directory: &Path, store: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let there = |path: &Path| {
        path.ancestors()
            .find_map(|path| std::fs::metadata(path).ok())
    };
    let absolute = std::path::absolute(store);
    match (
        there(directory),
        absolute.ok().and_then(|store| there(&store)),
    ) {
        (Some(directory), Some(store)) => {
            directory.dev() != store.dev() && directory.uid() == store.uid()
        }
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_apart(_: &Path, _: &Path) -> bool {
    false
}

impl LifeboatPort for Lifeboats {
    type Error = StoreFault;

    async fn reserve(&self, key: &GrantKey) -> Result<(), StoreFault> {
        self.first(|boat| boat.reserve(key)).await
    }

    async fn release_slot(&self, key: &GrantKey) -> Result<(), StoreFault> {
        self.each(|boat| boat.release_slot(key)).await
    }

    async fn write(&self, unsaved: &UnsavedPair) -> Result<(), StoreFault> {
        self.first(|boat| boat.write(unsaved)).await
    }

    /// The oldest of all. An error only if nothing else was found.
    async fn read(&self, key: &GrantKey) -> Result<Option<UnsavedPair>, StoreFault> {
        let (mut found, mut problem) = (Vec::new(), None);
        for boat in &self.all {
            match boat.read(key).await {
                Ok(unsaved) => found.extend(unsaved),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        let oldest = found
            .into_iter()
            .min_by_key(|unsaved| (unsaved.base, unsaved.pair.obtained_at, unsaved.attempt));
        match (oldest, problem) {
            (None, Some(problem)) => Err(problem),
            (oldest, _) => Ok(oldest),
        }
    }

    async fn delete(&self, unsaved: &UnsavedPair) -> Result<(), StoreFault> {
        self.each(|boat| boat.delete(unsaved)).await
    }

    async fn keys(&self) -> Result<Vec<GrantKey>, StoreFault> {
        let (mut found, mut problem) = (Vec::new(), None);
        for boat in &self.all {
            match boat.keys().await {
                Ok(keys) => found.extend(keys),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        found.sort();
        found.dedup();
        match (found.is_empty(), problem) {
            (true, Some(problem)) => Err(problem),
            _ => Ok(found),
        }
    }

    async fn reserve_for_code(&self, code: &ClaimedCode) -> Result<(), StoreFault> {
        self.first(|boat| boat.reserve_for_code(code)).await
    }

    async fn release_code_slot(&self, code: &ClaimedCode) -> Result<(), StoreFault> {
        self.each(|boat| boat.release_code_slot(code)).await
    }

    async fn write_answer(&self, code: &ClaimedCode, pair: &TokenPair) -> Result<(), StoreFault> {
        self.first(|boat| boat.write_answer(code, pair)).await
    }

    async fn answers(&self) -> Result<Vec<ClaimedCode>, StoreFault> {
        let (mut found, mut problem) = (Vec::new(), None);
        for boat in &self.all {
            match boat.answers().await {
                Ok(codes) => found.extend(codes),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        match (found.is_empty(), problem) {
            (true, Some(problem)) => Err(problem),
            _ => Ok(found),
        }
    }

    async fn delete_answer(&self, code: &ClaimedCode) -> Result<(), StoreFault> {
        self.each(|boat| boat.delete_answer(code)).await
    }
}
