//! The whole state read and replaced, and kept in a data directory.

use alloc::sync::{Arc, Weak};
use std::path::Path;
use std::sync::PoisonError;

use crate::config::sandbox_config::SandboxConfig;
use crate::data::change_log::ChangeLog;
use crate::data::directory::DataDirectory;
use crate::error::{DataError, StartError, StateError};
use crate::state::contents::Contents;
use crate::state::document::{read_document, write_document};
use crate::state::explainer::Explainer;
use crate::state::names::make_secrets;
use crate::state::platform::{Platform, Shared};
use crate::state::platform_state::PlatformState;
use crate::state::seed::{check_grants, check_references};

impl Platform {
    /// Everything that a restart with a data directory keeps, as one JSON document. It can be given
    /// to [`replace_whole_state`](Self::replace_whole_state), or to another sandbox as its seed.
    ///
    /// # Security
    ///
    /// The secrets of the channel, the integrations and the Open API are in it. Codes and tokens
    /// are there as fingerprints.
    #[must_use]
    pub fn whole_state(&self) -> Vec<u8> {
        let mut document = Vec::new();
        // No type of the state fails to be written, and memory does not either.
        let _ = write_document(&self.lock(), None, &mut document);
        document
    }

    /// Replaces everything that [`whole_state`](Self::whole_state) has. What the document leaves
    /// out is as at the start of this sandbox. Journal, counters, faults, deliveries and the
    /// sessions of the consent page stay. With a data directory the new state is kept when this
    /// returns.
    ///
    /// # Errors
    ///
    /// Nothing is changed then:
    ///
    /// - `{"version":2}`: [`StateError::Version`].
    /// - A field of another type, or one that names what is not there: [`StateError::Field`].
    /// - A data directory that cannot be written: [`StateError::NotKept`].
    pub fn replace_whole_state(&self, document: &[u8]) -> Result<(), StateError> {
        let config = &self.shared.config;
        let (contents, _) = read_document(document, config)?;
        let wrong = |error| StateError::config(&error);
        let mut other = PlatformState::new(config, contents).map_err(wrong)?;
        let mut state = self.lock();
        state.exchange(&mut other);
        if let Some(data) = self.shared.data.get() {
            let kept =
                data.replace(|generation, file| write_document(&state, Some(generation), file));
            if let Err(error) = kept {
                state.exchange(&mut other);
                let reason = error.to_string();
                return Err(StateError::NotKept { reason });
            }
        }
        drop(state);
        self.tell_moved();
        Ok(())
    }

    /// A platform that begins with a seed, and whose state is kept in a directory. A directory that
    /// has a state already is continued, and the seed has no effect.
    pub(crate) fn open(
        config: SandboxConfig,
        explainer: Option<Box<dyn Explainer>>,
        seed: Option<&[u8]>,
        directory: Option<&Path>,
    ) -> Result<Self, StartError> {
        let mut config = config;
        config.check()?;
        make_secrets(&mut config)?;
        let mut opened = directory.map(DataDirectory::open).transpose()?;
        let stored = match &mut opened {
            Some((directory, Some(document))) => Some(stored(directory, document, &config)?),
            _ => None,
        };
        let seeded = |seed| read_document(seed, &config).map(|(contents, _)| contents);
        let contents = match (stored, seed) {
            (Some(contents), _) => Some(contents),
            (None, seed) => seed.map(seeded).transpose().map_err(StartError::Seed)?,
        };
        let platform = Self::with_state(config, explainer, contents)?;
        if let Some((directory, _)) = opened {
            platform.keep_in(directory)?;
        }
        Ok(platform)
    }

    /// Writes the whole state, and from then on every change.
    fn keep_in(&self, mut directory: DataDirectory) -> Result<(), DataError> {
        let path = directory.document_path();
        let failed = |source| DataError::Io { path, source };
        let generation = directory.next_generation();
        let state = self.lock();
        let written =
            directory.write_document(|file| write_document(&state, Some(generation), file));
        drop(state);
        let platform = Arc::downgrade(&self.shared);
        let log = written.and_then(|()| ChangeLog::start(directory, move || rewrite(&platform)));
        let log = log.map_err(failed)?;
        let _ = self.shared.data.set(log);
        Ok(())
    }

    /// Waits until everything that was changed until now is in the data directory, if there is one.
    ///
    /// # Errors
    ///
    /// What the operating system says if it cannot be written, for example because the disk is
    /// full. What was changed is written when it can be.
    pub async fn kept(&self) -> Result<(), StateError> {
        let Some(data) = self.shared.data.get() else {
            return Ok(());
        };
        let kept = data.kept().await;
        kept.map_err(|reason| StateError::NotKept {
            reason: reason.as_ref().into(),
        })
    }

    /// As [`kept`](Self::kept), if the latest attempt failed.
    pub(crate) async fn mended(&self) -> Result<(), StateError> {
        match self.shared.data.get() {
            Some(data) if data.is_failing() => self.kept().await,
            _ => Ok(()),
        }
    }

    /// Puts what was changed into the document, so that the next start is quick.
    pub(crate) fn tidy_data(&self) {
        let data = self.shared.data.get();
        if data.is_some_and(ChangeLog::has_changes) {
            rewrite(&Arc::downgrade(&self.shared));
        }
    }
}

/// Writes the whole state in the place of the old document and the log. If it cannot be written,
/// the log goes on.
fn rewrite(platform: &Weak<Shared>) {
    let Some(shared) = platform.upgrade() else {
        return;
    };
    let Some(data) = shared.data.get() else {
        return;
    };
    let state = shared.state.lock();
    let state = state.unwrap_or_else(PoisonError::into_inner);
    let _ = data.replace(|generation, file| write_document(&state, Some(generation), file));
}

/// The state in a directory: its document and the changes since.
fn stored(
    directory: &mut DataDirectory,
    document: &[u8],
    config: &SandboxConfig,
) -> Result<Contents, DataError> {
    let path = directory.document_path();
    let wrong = |path: &Path, source| DataError::State {
        path: path.to_owned(),
        source,
    };
    let read = read_document(document, config).map_err(|error| wrong(&path, error));
    let (mut contents, generation) = read?;
    let changes = directory.changes_since(generation)?;
    for (at, line) in changes.lines() {
        if contents.apply(line).is_none() {
            let path = changes.path.clone();
            return Err(DataError::Damaged { path, at });
        }
    }
    check_references(&contents)
        .and_then(|()| check_grants(&contents))
        .map_err(|error| wrong(&changes.path, error))?;
    Ok(contents)
}
