//! A place beside the store for a pair that the store would not take.

use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::future::Future;

use kommo_oauth::{GrantKey, UnsavedPair};

use crate::grant_store::{StoreError, StoreTrouble};

/// Keeps unsaved pairs in files, or wherever they outlive this process.
pub trait LifeboatPort: Send + Sync + 'static {
    /// What can go wrong.
    type Error: StoreError;

    /// Whether there is such a place at all.
    fn exists(&self) -> bool;

    /// Makes sure that one pair of this grant can be written later, even on a full disk. Called
    /// while the grant's lock is held, before a refresh token is sent. If it fails, the token must
    /// not be sent. A reservation that is there already is enough.
    fn reserve(&self, key: &GrantKey) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Gives back what [`reserve`](Self::reserve) made, unless a pair was written into it. Called
    /// when the run ends, while the lock is still held. Without a reservation it does nothing.
    fn release_slot(&self, key: &GrantKey) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Writes a pair, durably; into the reservation of its grant, if there is one.
    fn write(&self, unsaved: &UnsavedPair) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Reads one pair of this grant, the oldest first. `None` if there is none.
    fn read(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<UnsavedPair>, Self::Error>> + Send;

    /// Removes a pair that is in the store now.
    fn delete(&self, unsaved: &UnsavedPair)
    -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The grants that have pairs here: looked after first when a program starts.
    fn keys(&self) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send;
}

/// No lifeboat: an unsaved pair lives in memory alone until the store is back.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoLifeboat;

impl NoLifeboat {
    /// The one there is.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// The error of [`NoLifeboat`], which never comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Never(Infallible);

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl Error for Never {}

impl StoreError for Never {
    fn trouble(&self) -> StoreTrouble {
        match self.0 {}
    }
}

impl LifeboatPort for NoLifeboat {
    type Error = Never;

    fn exists(&self) -> bool {
        false
    }

    async fn reserve(&self, _: &GrantKey) -> Result<(), Never> {
        Ok(())
    }

    async fn release_slot(&self, _: &GrantKey) -> Result<(), Never> {
        Ok(())
    }

    async fn write(&self, _: &UnsavedPair) -> Result<(), Never> {
        Ok(())
    }

    async fn read(&self, _: &GrantKey) -> Result<Option<UnsavedPair>, Never> {
        Ok(None)
    }

    async fn delete(&self, _: &UnsavedPair) -> Result<(), Never> {
        Ok(())
    }

    async fn keys(&self) -> Result<Vec<GrantKey>, Never> {
        Ok(Vec::new())
    }
}
