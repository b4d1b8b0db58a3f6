//! The lifeboat of a worker: a directory, or none where the rate of a sweep is compared with a bare loop that has none.

use std::path::Path;

use kommo_keeper::LifeboatPort;
use kommo_oauth::{GrantKey, UnsavedPair};
use kommo_store::{Lifeboat, StoreFault};

use crate::failure;

/// `None` is no lifeboat.
#[derive(Clone, Debug)]
pub(crate) struct FleetLifeboat(Option<Lifeboat>);

impl FleetLifeboat {
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// The directory is made if it is not there.
    pub(crate) fn of(directory: Option<&Path>) -> failure::Result<Self> {
        let lifeboat = directory.map(|path| Lifeboat::in_directory(path, None));
        Ok(Self(lifeboat.transpose()?))
    }
}

impl LifeboatPort for FleetLifeboat {
    type Error = StoreFault;

    fn exists(&self) -> bool {
        self.0.is_some()
    }

    async fn reserve(&self, key: &GrantKey) -> Result<(), StoreFault> {
        match &self.0 {
            Some(lifeboat) => lifeboat.reserve(key).await,
            None => Ok(()),
        }
    }

    async fn release_slot(&self, key: &GrantKey) -> Result<(), StoreFault> {
        match &self.0 {
            Some(lifeboat) => lifeboat.release_slot(key).await,
            None => Ok(()),
        }
    }

    async fn write(&self, unsaved: &UnsavedPair) -> Result<(), StoreFault> {
        match &self.0 {
            Some(lifeboat) => lifeboat.write(unsaved).await,
            None => Ok(()),
        }
    }

    async fn read(&self, key: &GrantKey) -> Result<Option<UnsavedPair>, StoreFault> {
        match &self.0 {
            Some(lifeboat) => lifeboat.read(key).await,
            None => Ok(None),
        }
    }

    async fn delete(&self, unsaved: &UnsavedPair) -> Result<(), StoreFault> {
        match &self.0 {
            Some(lifeboat) => lifeboat.delete(unsaved).await,
            None => Ok(()),
        }
    }

    async fn keys(&self) -> Result<Vec<GrantKey>, StoreFault> {
        match &self.0 {
            Some(lifeboat) => lifeboat.keys().await,
            None => Ok(Vec::new()),
        }
    }
}
