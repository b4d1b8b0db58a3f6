//! What the routes need of a keeper.

use alloc::sync::Arc;
use core::future::Future;

use kommo_account::{AccountHost, AccountId, Endpoints};
use kommo_keeper::{
    Clock, CodeOrigin, CodeOutcome, CodePut, ExchangeError, ExchangedCode, GrantStore, Keeper,
    Metrics, PendingCode, PendingCodes, StoreError, StoreErrorKind,
};
use kommo_oauth::{AuthorizationCode, Credentials, UnixSeconds};

use crate::watched_store::{WatchedStore, watching};

/// A code that was taken to be exchanged, and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TakenCode {
    /// Which.
    pub code: AuthorizationCode,
    /// What came of it.
    pub outcome: Result<CodeOutcome, ExchangeError>,
}

impl TakenCode {
    /// A code and its outcome.
    #[must_use]
    pub const fn new(code: AuthorizationCode, outcome: Result<CodeOutcome, ExchangeError>) -> Self {
        Self { code, outcome }
    }
}

/// Which codes are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "whoever implements `GrantDesk` must know all of them"
)]
pub enum CodeLane {
    /// Those that a user brought, and none of install hooks.
    Consents,
    /// All; those of install hooks after the others.
    All,
}

/// The side of a keeper that the routes see. [`Keeper`] over a [`WatchedStore`] has it; a test may
/// bring its own.
pub trait GrantDesk: Clone + Send + Sync + 'static {
    /// The world that the keeper serves.
    fn endpoints(&self) -> Endpoints;

    /// The credentials in use, if there are any.
    fn credentials(&self) -> Option<Credentials>;

    /// The time of day.
    fn now(&self) -> UnixSeconds;

    /// A code of this keeper's integration, brought now.
    ///
    /// # Errors
    ///
    /// The keeper knows no integration.
    fn pending_code(
        &self,
        host: AccountHost,
        code: AuthorizationCode,
        origin: CodeOrigin,
    ) -> Result<PendingCode, ExchangeError>;

    /// Keeps a code durably.
    ///
    /// # Errors
    ///
    /// The code is not kept.
    fn accept_code(
        &self,
        pending: PendingCode,
    ) -> impl Future<Output = Result<CodePut, ExchangeError>> + Send;

    /// Takes one waiting code of the lane, whichever it is, and exchanges it. `None` if none waits.
    ///
    /// # Errors
    ///
    /// The store cannot say which codes wait.
    fn exchange_one(
        &self,
        lane: CodeLane,
    ) -> impl Future<Output = Result<Option<TakenCode>, ExchangeError>> + Send;

    /// Looks after the grants of an account for which a disconnect hook was proven.
    ///
    /// # Errors
    ///
    /// The store cannot say which grants there are.
    fn disconnect_reported(
        &self,
        account_id: AccountId,
    ) -> impl Future<Output = Result<(), StoreErrorKind>> + Send;

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// It does not.
    fn store_answers(&self) -> impl Future<Output = Result<(), StoreErrorKind>> + Send;

    /// What the keeper counted.
    fn metrics(&self) -> Arc<Metrics>;
}

impl<S> GrantDesk for Keeper<WatchedStore<S>>
where
    S: GrantStore + PendingCodes<Error = <S as GrantStore>::Error>,
{
    fn endpoints(&self) -> Endpoints {
        self.settings().endpoints
    }

    fn credentials(&self) -> Option<Credentials> {
        Self::credentials(self)
    }

    fn now(&self) -> UnixSeconds {
        self.clock().now()
    }

    fn pending_code(
        &self,
        host: AccountHost,
        code: AuthorizationCode,
        origin: CodeOrigin,
    ) -> Result<PendingCode, ExchangeError> {
        Self::pending_code(self, host, code, origin)
    }

    async fn accept_code(&self, pending: PendingCode) -> Result<CodePut, ExchangeError> {
        Self::accept_code(self, &pending).await
    }

    async fn exchange_one(&self, lane: CodeLane) -> Result<Option<TakenCode>, ExchangeError> {
        let (taken, outcomes) = match lane {
            CodeLane::Consents => watching(self.exchange_consents_each(1)).await,
            CodeLane::All => watching(self.exchange_codes_each(1)).await,
        };
        let Some(code) = taken else {
            return outcomes.map(|_| None);
        };
        // One was asked for, so what came of one is told. A claim of which nothing is told goes on
        // when its lease ends.
        let first = |told: Vec<ExchangedCode>| told.into_iter().next();
        let outcome =
            outcomes.map(|told| first(told).map_or(CodeOutcome::NotYet, |one| one.outcome));
        Ok(Some(TakenCode { code, outcome }))
    }

    async fn disconnect_reported(&self, account_id: AccountId) -> Result<(), StoreErrorKind> {
        Self::disconnect_reported(self, account_id)
            .await
            .map(|_| ())
    }

    async fn store_answers(&self) -> Result<(), StoreErrorKind> {
        let keys = self.store().keys(None, 1).await;
        keys.map(|_| ()).map_err(|error| error.kind())
    }

    fn metrics(&self) -> Arc<Metrics> {
        Self::metrics(self)
    }
}
