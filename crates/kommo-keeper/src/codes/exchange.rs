//! From a code to a grant. The code is durable before its request is answered, and is exchanged
//! once. The pair is durable before anything uses it; then the platform is asked for its account.
//!
//! ```text
//!   put_code ─> claim ─> send ─> keep_answer ─> probe ─> write the grant ─> settle
//!                 └──────── a crash at any point: claimed again when the lease ends ────────┘
//! ```

use kommo_account::{AccountHost, ClientId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::HoldKind;
use kommo_oauth::refresh::{AfterExchange, AnotherExchange, EarlierTries, SendOutcome};
use kommo_oauth::token::{
    AuthorizationCode, RequestOrigin, TokenAnswer, TokenPair, TokenRefusalKind, TokenRequest,
};

use crate::codes::outcome::{CodeOutcome, ExchangeError, ExchangedCode};
use crate::keeper::Keeper;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::{StoreError, StoreErrorKind};
use crate::ports::pending_codes::{
    ClaimedCode, CodeEnd, CodeOrigin, CodePut, CodeStore, PendingCode,
};
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

/// What became of the pair of an exchange.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeptPair {
    /// It is here, and durable unless the store has another one.
    Here,
    /// It was dropped: the account was erased meanwhile, at its owner's request.
    Erased,
}

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

    /// Exchanges up to `limit` unclaimed codes: those of consents first, newest first. Codes of
    /// install hooks, which anyone can send, come after them and within a small bucket of their own
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

    /// Like [`exchange_codes_each`](Self::exchange_codes_each), without the codes of install hooks:
    /// for workers that those must not keep busy.
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
        match self.spawn(async move { keeper.exchange(&code).await }) {
            Ok(flight) => self
                .finished(flight)
                .await
                .unwrap_or(Ok(CodeOutcome::NotYet)),
            Err(_) => Ok(CodeOutcome::NotYet),
        }
    }

    async fn exchange_lane(
        &self,
        limit: u32,
        with_hooks: bool,
    ) -> Result<Vec<ExchangedCode>, ExchangeError> {
        let context = self.context();
        let Some(credentials) = self.credentials() else {
            return Ok(Vec::new());
        };
        let client_id = credentials.client_id;
        let (realm, now) = (context.settings.endpoints.realm(), context.clock.now());
        let expired = context.store.expire_codes(realm, &client_id, now).await;
        for _ in 0..expired.map_err(|error| self.exchange_failed(&error))? {
            self.code_ended(Counter::CodesExpired, AlarmKind::CodeExpired);
        }
        let claimed = self
            .claim(realm, &client_id, now, limit, with_hooks)
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
            let outcome = match flight {
                Ok(flight) => self
                    .finished(flight)
                    .await
                    .unwrap_or(Ok(CodeOutcome::NotYet)),
                Err(_) => Ok(CodeOutcome::NotYet),
            };
            match outcome {
                Ok(outcome) => outcomes.push(ExchangedCode::new(&pending, outcome)),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if outcomes.is_empty() => Err(error),
            _ => Ok(outcomes),
        }
    }

    /// Claims consents up to the limit, then hooks as their bucket allows, if they are wanted.
    async fn claim(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        with_hooks: bool,
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
        let left = if with_hooks { left } else { 0 };
        let room = context.hook_bucket.take(size, left, monotonic);
        if room == 0 {
            return Ok(claimed);
        }
        let rest = store.claim_codes(realm, client_id, now, room, lease).await;
        let is_hook = |code: &&ClaimedCode| code.pending.origin == CodeOrigin::InstallHook;
        let hooks = rest
            .as_ref()
            .map_or(0, |rest| rest.iter().filter(is_hook).count());
        let hooks = u32::try_from(hooks).unwrap_or(room);
        context.hook_bucket.refund(size, room.saturating_sub(hooks));
        match rest {
            Ok(rest) => claimed.extend(rest),
            Err(error) if claimed.is_empty() => return Err(self.exchange_failed(&error)),
            // The claimed consents are exchanged all the same.
            Err(error) => drop(self.exchange_failed(&error)),
        }
        Ok(claimed)
    }

    async fn exchange(&self, code: &ClaimedCode) -> Result<CodeOutcome, ExchangeError> {
        let context = self.context();
        let (outcome, end) = match &code.answer {
            Some(pair) => self.settle_pair(code, pair).await?,
            None => self.send_code(code).await?,
        };
        if let CodeOutcome::Granted(grant) = &outcome {
            // Before the code is settled: a crash between the two reports the grant twice, instead
            // of never.
            context.listeners.report_grant(grant);
        }
        let settled = context.store.settle_code(code, end).await;
        settled.map_err(|error| self.exchange_failed(&error))?;
        match &outcome {
            CodeOutcome::Granted(_) => context.metrics.add(Counter::CodesExchanged),
            CodeOutcome::Refused(_) => {
                self.code_ended(Counter::CodesRefused, AlarmKind::CodeRefused);
            }
            CodeOutcome::Lost => self.code_ended(Counter::CodesLost, AlarmKind::CodeLost),
            CodeOutcome::Erased => self.code_ended(Counter::CodesErased, AlarmKind::CodeErased),
            CodeOutcome::ClientRefused(_) | CodeOutcome::Deferred(_) | CodeOutcome::NotYet => {}
        }
        Ok(outcome)
    }

    /// A code ended without a grant: counted once, reported once.
    fn code_ended(&self, counter: Counter, alarm: AlarmKind) {
        self.context().metrics.add(counter);
        self.context().listeners.raise_alarm(None, alarm);
    }

    async fn send_code(&self, code: &ClaimedCode) -> Result<(CodeOutcome, CodeEnd), ExchangeError> {
        let context = self.context();
        let Some(credentials) = self.credentials() else {
            return Ok((CodeOutcome::NotYet, CodeEnd::NoEffect));
        };
        let pending = &code.pending;
        // The sender of an install hook chooses its host, so an answer from there says nothing
        // about our credentials or address.
        let origin = match pending.origin {
            CodeOrigin::InstallHook => RequestOrigin::InstallHook,
            CodeOrigin::Redirect | CodeOrigin::Pasted => RequestOrigin::Consent,
        };
        let request =
            TokenRequest::exchange(&credentials, &pending.host, &pending.code).with_origin(origin);
        let outcome = context.endpoint.send(pending.realm, &request).await;
        let policy = &context.settings.policy;
        let is_strangers = pending.origin == CodeOrigin::InstallHook;
        let earlier = EarlierTries::new(code.earlier_claims, code.earlier_tries, is_strangers);
        let why = why_not_yet(&outcome);
        Ok(match AfterExchange::of(outcome, earlier, policy) {
            AfterExchange::Keep(pair) => match self.keep_pair(code, &pair).await {
                KeptPair::Here => self.settle_pair(code, &pair).await?,
                KeptPair::Erased => (CodeOutcome::Erased, CodeEnd::Refused),
            },
            AfterExchange::Refused(refusal) => {
                // A person may have mistyped the account; a redirect or a hook names the right one.
                let is_mistyped = pending.origin == CodeOrigin::Pasted
                    && refusal.kind == TokenRefusalKind::InvalidAccount;
                let end = if is_mistyped {
                    CodeEnd::WrongAccount
                } else {
                    CodeEnd::Refused
                };
                (CodeOutcome::Refused(refusal.kind), end)
            }
            AfterExchange::Lost => (CodeOutcome::Lost, CodeEnd::Refused),
            AfterExchange::Again(again) => {
                self.note_why(code, why).await;
                self.defer(pending.origin, again)
            }
            // A decision of a later version, unknown here: the code stays.
            _ => (CodeOutcome::NotYet, CodeEnd::TryAgain),
        })
    }

    /// Notes with the code why it waits. If this fails, only the note is lost.
    async fn note_why(&self, code: &ClaimedCode, why: &'static str) {
        if let Err(error) = self.context().store.note_code(code, why).await {
            tracing::warn!(%error, "the reason why a code waits was not noted");
        }
    }

    /// The code stays for another try; the reason is reported at once.
    fn defer(&self, origin: CodeOrigin, again: AnotherExchange) -> (CodeOutcome, CodeEnd) {
        let context = self.context();
        // The sender of an install hook chooses the host, so its answer is worth an alarm only if
        // it refuses our credentials.
        let is_news = |kind: &HoldKind| {
            origin != CodeOrigin::InstallHook || *kind == HoldKind::ClientMisconfigured
        };
        if let Some(kind) = again.hold.filter(is_news) {
            let until = again.pause.map(|pause| context.clock.now().plus(pause));
            let alarm = AlarmKind::Held { kind, until };
            context.listeners.raise_alarm(None, alarm);
        }
        let outcome = match again.refusal {
            Some(refusal) if again.hold == Some(HoldKind::ClientMisconfigured) => {
                CodeOutcome::ClientRefused(refusal.kind)
            }
            Some(refusal) => CodeOutcome::Deferred(refusal),
            None => CodeOutcome::NotYet,
        };
        let counts = again.counts;
        let end = match again.pause {
            Some(pause) => CodeEnd::Later { pause, counts },
            None if counts => CodeEnd::TryAgain,
            None => CodeEnd::NoEffect,
        };
        (outcome, end)
    }

    /// Stores the pair, and retries until the store is back: the code is spent, and there is no
    /// other copy.
    async fn keep_pair(&self, code: &ClaimedCode, pair: &TokenPair) -> KeptPair {
        let context = self.context();
        let mut tries = 0_u32;
        while let Err(error) = context.store.keep_answer(code, pair).await {
            match error.kind() {
                StoreErrorKind::Erased => return KeptPair::Erased,
                StoreErrorKind::Taken => {
                    // The code was exchanged twice. This pair becomes a grant without being stored
                    // first.
                    context.store_failed(None, &error);
                    return KeptPair::Here;
                }
                _ => {}
            }
            if tries == 0 || tries.is_power_of_two() {
                context.store_failed(None, &error);
                let in_lifeboat = false;
                context
                    .listeners
                    .raise_alarm(None, AlarmKind::Unsaved { in_lifeboat });
            }
            let pause = context.settings.policy.save_pause_after(tries);
            tries = tries.saturating_add(1);
            context.clock.pause(pause).await;
        }
        KeptPair::Here
    }
}

/// Why a code is not exchanged yet, for an operator.
const fn why_not_yet(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::NotSent => "unreachable",
        SendOutcome::Withheld { .. } => "blocked",
        SendOutcome::Lost => "answer-lost",
        SendOutcome::Answered(TokenAnswer::InDoubt(_)) => "unreadable-answer",
        SendOutcome::Answered(TokenAnswer::Refused(refusal)) => match refusal.kind {
            TokenRefusalKind::RedirectUriMismatch => "redirect-uri-mismatch",
            TokenRefusalKind::ClientIdInvalid
            | TokenRefusalKind::ClientSecretInvalid
            | TokenRefusalKind::ClientRejected
            | TokenRefusalKind::UnknownGrantType
            | TokenRefusalKind::Unauthorized => "client-misconfigured",
            TokenRefusalKind::PaymentRequired => "payment-required",
            TokenRefusalKind::Throttled { .. } => "throttled",
            TokenRefusalKind::Blocked | TokenRefusalKind::Forbidden => "blocked",
            TokenRefusalKind::NotFound => "account-not-found",
            _ => "refused-without-reason",
        },
        _ => "not-yet",
    }
}
