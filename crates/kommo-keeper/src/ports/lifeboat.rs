//! The lifeboat: a recovery file outside the store, for a pair that the store cannot save.

use core::future::Future;

use kommo_oauth::grant::{GrantKey, UnsavedPair};
use kommo_oauth::token::TokenPair;

use crate::ports::grant_store::StoreError;
use crate::ports::pending_codes::ClaimedCode;

/// Keeps unsaved pairs in files, or in another storage that outlives this process.
pub trait LifeboatPort: Send + Sync + 'static {
    /// What can go wrong.
    type Error: StoreError;

    /// Makes sure that one pair of this grant can be written later, even on a full disk. Called
    /// while the grant's lock is held, before a refresh token is sent. If it fails, the token must
    /// not be sent. An existing reservation is enough.
    fn reserve(&self, key: &GrantKey) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes the reservation of [`reserve`](Self::reserve), unless a pair was written into it.
    /// Called when the run ends, while the lock is still held. Without a reservation it does
    /// nothing.
    fn release_slot(&self, key: &GrantKey) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Writes a pair, durably; into the reservation of its grant, if there is one.
    fn write(&self, unsaved: &UnsavedPair) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Reads one pair of this grant, the oldest first. `None` if there are no more.
    fn read(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<UnsavedPair>, Self::Error>> + Send;

    /// Removes a pair that the store has saved.
    fn delete(&self, unsaved: &UnsavedPair)
    -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The grants that have pairs here: recovered first when a program starts.
    fn keys(&self) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send;

    /// As [`reserve`](Self::reserve), for the pair of an authorization code: its grant is not known
    /// yet. If it fails, the code must not be sent.
    fn reserve_for_code(
        &self,
        code: &ClaimedCode,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// As [`release_slot`](Self::release_slot), for the reservation of
    /// [`reserve_for_code`](Self::reserve_for_code).
    fn release_code_slot(
        &self,
        code: &ClaimedCode,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Writes the pair of a code, durably and with the claim; into the reservation of the code, if
    /// there is one.
    fn write_answer(
        &self,
        code: &ClaimedCode,
        pair: &TokenPair,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The codes that have a pair here, each with it as its [`answer`](ClaimedCode::answer).
    fn answers(&self) -> impl Future<Output = Result<Vec<ClaimedCode>, Self::Error>> + Send;

    /// Removes the pair of a code that the store has saved.
    fn delete_answer(
        &self,
        code: &ClaimedCode,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
