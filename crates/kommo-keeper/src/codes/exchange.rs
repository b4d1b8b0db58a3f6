//! From a code to a grant. The code is durable before its request is answered, and is exchanged
//! once. The pair is durable before anything uses it; then the platform is asked for its account.
//!
//! ```text
//!   put_code ─> claim ─> reserve ─> send ─> keep_answer ─> probe ─> write the grant ─> settle
//!                 │       room in the lifeboat   └─ or the lifeboat, until the store takes it    │
//!                 └──────── a crash at any point: claimed again when the lease ends ────────────┘
//! ```

use kommo_account::{AccountHost, ClientId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::token::AuthorizationCode;
use tokio::task::JoinHandle;

use crate::codes::outcome::{CodeOutcome, ExchangeError, ExchangedCode};
use crate::keeper::Keeper;
use crate::keeper::error::KeeperError;
use crate::ports::clock::Clock as _;
use crate::ports::pending_codes::{ClaimedCode, CodeOrigin, CodePut, CodeStore, PendingCode};
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

/// An exchange in a task of its own, if it could be begun.
type Flight = Result<JoinHandle<Result<CodeOutcome, ExchangeError>>, KeeperError>;

impl<S: CodeStore> Keeper<S> {
    /// A code of this keeper's integration that has just arrived.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::NoCredentials`]: the keeper knows no integration.
    pub fn pending_code(
        &self,
        host: AccountHost,
        code: AuthorizationCode,
        origin: CodeOrigin,
    ) -> Result<PendingCode, ExchangeError> {
        let context = self.context();
        let client_id = context.identity.get().client_id;
        let client_id = client_id.ok_or(ExchangeError::NoCredentials)?;
        let (realm, now) = (context.settings.endpoints.realm(), context.clock.now());
        Ok(PendingCode::new(realm, client_id, host, code, origin, now))
    }

    /// Stores a code durably. Answer the redirect or the hook only after this.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Store`]: the code is not stored. [`ExchangeError::NotOurs`]: it belongs to
    /// another realm or integration.
    pub async fn accept_code(&self, pending: &PendingCode) -> Result<CodePut, ExchangeError> {
        let context = self.context();
        let ours = context.identity.get().client_id;
        if pending.realm != context.settings.endpoints.realm() || Some(pending.client_id) != ours {
            return Err(ExchangeError::NotOurs);
        }
        let put = context.store.put_code(pending).await;
        let put = put.map_err(|error| self.exchange_failed(&error))?;
        if put == CodePut::Full {
            context.listeners.raise_alarm(None, AlarmKind::CodesFull);
        }
        Ok(put)
    }

    /// Exchanges up to `limit` unclaimed codes: those of consents first, newest first. Codes that
    /// anyone may have sent ([`CodeOrigin::is_strangers`]), of unbound consents and then of install
    /// hooks, come after them and within a small bucket of their own
    /// ([`hook_exchanges`](crate::KeeperSettings::hook_exchanges)), so that they do not slow calls
    /// and refreshes. Codes that grew too old while they waited are ended first, and reported as
    /// alarms.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Store`]: no code could be processed. What was exchanged stays exchanged.
    pub async fn exchange_codes(&self, limit: u32) -> Result<Vec<CodeOutcome>, ExchangeError> {
        let exchanged = self.exchange_codes_each(limit).await?;
        Ok(exchanged.into_iter().map(|one| one.outcome).collect())
    }

    /// Like [`exchange_codes`](Self::exchange_codes), and returns which code each outcome is of.
    ///
    /// # Errors
    ///
    /// As [`exchange_codes`](Self::exchange_codes).
    pub async fn exchange_codes_each(
        &self,
        limit: u32,
    ) -> Result<Vec<ExchangedCode>, ExchangeError> {
        self.exchange_lane(limit, true).await
    }

    /// Like [`exchange_codes_each`](Self::exchange_codes_each), without the codes that anyone may
    /// have sent: for workers that those must not keep busy.
    ///
    /// # Errors
    ///
    /// As [`exchange_codes`](Self::exchange_codes).
    pub async fn exchange_consents_each(
        &self,
        limit: u32,
    ) -> Result<Vec<ExchangedCode>, ExchangeError> {
        self.exchange_lane(limit, false).await
    }

    /// Exchanges this code, which was accepted before. [`CodeOutcome::NotYet`]: another worker has
    /// claimed it, or it waits for a later [`exchange_codes`](Self::exchange_codes).
    ///
    /// A code of an install hook takes from its bucket. The pace of unbound consents is the
    /// caller's to set, who knows how long a browser waits.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Store`]: the code stays in the store.
    pub async fn exchange_code(&self, pending: &PendingCode) -> Result<CodeOutcome, ExchangeError> {
        let context = self.context();
        if context.identity.get().credentials.is_none() {
            return Err(ExchangeError::NoCredentials);
        }
        let size = context.settings.hook_exchanges;
        let is_hook = pending.origin == CodeOrigin::InstallHook;
        if is_hook && context.hook_bucket.take(size, 1, context.clock.monotonic()) == 0 {
            return Ok(CodeOutcome::NotYet);
        }
        let (now, lease) = (context.clock.now(), context.settings.lease);
        let claimed = context.store.claim_code(pending, now, lease).await;
        let Some(code) = claimed.map_err(|error| self.exchange_failed(&error))? else {
            if is_hook {
                context.hook_bucket.refund(size, 1);
            }
            return Ok(CodeOutcome::NotYet);
        };
        let keeper = self.clone();
        self.outcome_of(self.spawn(async move { keeper.exchange(&code).await }))
            .await
    }

    /// Ends the pauses of the codes that wait, of this account alone if one is named, after a
    /// person has fixed what they wait for: a redirect URI, an unpaid account. Nothing is sent: the
    /// next [`exchange_codes`](Self::exchange_codes) may take them. Returns how many were paused.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Store`]: the store failed. [`ExchangeError::NoCredentials`]: the keeper
    /// knows no integration.
    pub async fn lift_code_pauses(&self, host: Option<AccountHost>) -> Result<u64, ExchangeError> {
        let context = self.context();
        let client_id = context.identity.get().client_id;
        let client_id = client_id.ok_or(ExchangeError::NoCredentials)?;
        let realm = context.settings.endpoints.realm();
        let lifted = context
            .store
            .lift_code_pauses(realm, &client_id, host)
            .await;
        lifted.map_err(|error| self.exchange_failed(&error))
    }

    /// [`CodeOutcome::NotYet`] if it was not started, or takes longer than a lease.
    async fn outcome_of(&self, flight: Flight) -> Result<CodeOutcome, ExchangeError> {
        let finished = match flight {
            Ok(flight) => self.finished(flight).await,
            Err(_) => None,
        };
        finished.unwrap_or(Ok(CodeOutcome::NotYet))
    }

    async fn exchange_lane(
        &self,
        limit: u32,
        with_strangers: bool,
    ) -> Result<Vec<ExchangedCode>, ExchangeError> {
        let Some(credentials) = self.credentials() else {
            return Ok(Vec::new());
        };
        // Before any code is claimed: one of these may be its code, and must not be sent again.
        let mut outcomes = self.finish_left_behind().await;
        match self
            .exchange_claimed(&credentials.client_id, limit, with_strangers)
            .await
        {
            Ok(exchanged) => outcomes.extend(exchanged),
            Err(error) if outcomes.is_empty() => return Err(error),
            // It was reported; what was exchanged stays exchanged.
            Err(_) => {}
        }
        Ok(outcomes)
    }

    /// Grants from the pairs that earlier programs left in the lifeboat. Those that the store
    /// cannot save now have flights of their own; failures are reported.
    async fn finish_left_behind(&self) -> Vec<ExchangedCode> {
        let mut outcomes = Vec::new();
        for code in self.answers_left_behind().await {
            let keeper = self.clone();
            let pending = code.pending.clone();
            let flight = self.spawn(async move { keeper.finish_exchange(&code).await });
            let outcome = self.outcome_of(flight).await;
            outcomes.extend(outcome.map(|outcome| ExchangedCode::new(&pending, outcome)));
        }
        outcomes
    }

    async fn exchange_claimed(
        &self,
        client_id: &ClientId,
        limit: u32,
        with_strangers: bool,
    ) -> Result<Vec<ExchangedCode>, ExchangeError> {
        let context = self.context();
        let (realm, now) = (context.settings.endpoints.realm(), context.clock.now());
        let expired = context.store.expire_codes(realm, client_id, now).await;
        for _ in 0..expired.map_err(|error| self.exchange_failed(&error))? {
            self.code_ended(Counter::CodesExpired, AlarmKind::CodeExpired);
        }
        let claimed = self
            .claim(realm, client_id, now, limit, with_strangers)
            .await?;
        // Concurrently, so that the last one runs while the lease is still valid; each in a task of
        // its own, which continues if this future is dropped. An error of the store for one does
        // not stop the others.
        let mut flights = Vec::with_capacity(claimed.len());
        for code in claimed {
            let keeper = self.clone();
            let pending = code.pending.clone();
            let flight = self.spawn(async move { keeper.exchange(&code).await });
            flights.push((pending, flight));
        }
        let mut outcomes = Vec::with_capacity(flights.len());
        let mut failed = None;
        for (pending, flight) in flights {
            match self.outcome_of(flight).await {
                Ok(outcome) => outcomes.push(ExchangedCode::new(&pending, outcome)),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if outcomes.is_empty() => Err(error),
            _ => Ok(outcomes),
        }
    }

    /// Claims consents up to the limit, then what anyone may have sent as the bucket allows, if it
    /// is wanted.
    async fn claim(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        with_strangers: bool,
    ) -> Result<Vec<ClaimedCode>, ExchangeError> {
        let context = self.context();
        let (store, lease) = (&context.store, context.settings.lease);
        let consents = store
            .claim_consents(realm, client_id, now, limit, lease)
            .await;
        let mut claimed = consents.map_err(|error| self.exchange_failed(&error))?;
        let taken = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
        let size = context.settings.hook_exchanges;
        let monotonic = context.clock.monotonic();
        let left = limit.saturating_sub(taken);
        let left = if with_strangers { left } else { 0 };
        let room = context.hook_bucket.take(size, left, monotonic);
        if room == 0 {
            return Ok(claimed);
        }
        let rest = store.claim_codes(realm, client_id, now, room, lease).await;
        let is_strangers = |code: &&ClaimedCode| code.pending.origin.is_strangers();
        let used = rest
            .as_ref()
            .map_or(0, |rest| rest.iter().filter(is_strangers).count());
        let used = u32::try_from(used).unwrap_or(room);
        context.hook_bucket.refund(size, room.saturating_sub(used));
        match rest {
            Ok(rest) => claimed.extend(rest),
            Err(error) if claimed.is_empty() => return Err(self.exchange_failed(&error)),
            // The claimed consents are exchanged all the same.
            Err(error) => drop(self.exchange_failed(&error)),
        }
        Ok(claimed)
    }
}
