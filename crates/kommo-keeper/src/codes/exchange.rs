//! From a code to a grant: durable before it is answered, exchanged once, durable again before
//! anything uses the pair, then asked whose it is.
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

/// Where the pair of an exchange is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// With us, and durable unless the store has another one.
    Here,
    /// Nowhere: the account was erased meanwhile, at its owner's wish.
    Erased,
}

impl<S: CodeStore> Keeper<S> {
    /// A code of this keeper's integration, brought now.
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

    /// Keeps a code durably. Answer the one who brought it only after this.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Store`]: the code is not kept. [`ExchangeError::NotOurs`]: it never was
    /// ours.
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

    /// Exchanges codes that nobody is at, at most `limit`: those of consents first, the newest
    /// first. Codes of install hooks, which anybody may send, come after them and within a small
    /// bucket of their own ([`hook_exchanges`](crate::KeeperSettings::hook_exchanges)), so that
    /// they take nothing from calls and refreshes. Codes that grew too old while they waited are
    /// ended first, and told as alarms.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Store`]: no code could be looked after. What was exchanged is done.
    pub async fn exchange_codes(&self, limit: u32) -> Result<Vec<CodeOutcome>, ExchangeError> {
        let exchanged = self.exchange_codes_each(limit).await?;
        Ok(exchanged.into_iter().map(|one| one.outcome).collect())
    }

    /// The same, and says of each outcome which code it was.
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

    /// The same without the codes of install hooks: for workers whom those shall not keep busy.
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
    /// claimed it, or it is kept for a later [`exchange_codes`](Self::exchange_codes).
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Store`]: the code stays where it was put.
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
                context.hook_bucket.give_back(size, 1);
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
        // Side by side, so that the last is at work while the lease still runs; each in a task of
        // its own, which goes on if this future is dropped. An error of the store ends none of the
        // others.
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

    /// Consents as many as may be, then hooks as many as their bucket has room for, if any are asked for.
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
        context
            .hook_bucket
            .give_back(size, room.saturating_sub(hooks));
        match rest {
            Ok(rest) => claimed.extend(rest),
            Err(error) if claimed.is_empty() => return Err(self.exchange_failed(&error)),
            // The consents that are claimed are looked after all the same.
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
            // Before the code is settled: a crash between the two tells the application twice, and
            // not never.
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

    /// A code that ended without a grant: counted once, told once.
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
        // The host of an install hook is whatever its sender wrote: what comes from there is no
        // evidence about us.
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
                Kept::Here => self.settle_pair(code, &pair).await?,
                Kept::Erased => (CodeOutcome::Erased, CodeEnd::Refused),
            },
            AfterExchange::Refused(refusal) => {
                // A person may have mistyped the account; what came by a redirect or a hook names its own.
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
            // What a later version of the decision says is not known here; the code stays.
            _ => (CodeOutcome::NotYet, CodeEnd::TryAgain),
        })
    }

    /// Says beside the code why it waits. That this fails costs nothing but the note.
    async fn note_why(&self, code: &ClaimedCode, why: &'static str) {
        if let Err(error) = self.context().store.note_code(code, why).await {
            tracing::warn!(%error, "why a code waits was not noted");
        }
    }

    /// The code is kept; what keeps us from exchanging it is told at once.
    fn defer(&self, origin: CodeOrigin, again: AnotherExchange) -> (CodeOutcome, CodeEnd) {
        let context = self.context();
        // What a stranger's code meets at a host of the stranger's choice is no news about us,
        // unless our credentials were refused.
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

    /// Keeps the pair, however long the store takes to be there again: the code is spent, and there
    /// is no other copy.
    async fn keep_pair(&self, code: &ClaimedCode, pair: &TokenPair) -> Kept {
        let context = self.context();
        let mut tries = 0_u32;
        while let Err(error) = context.store.keep_answer(code, pair).await {
            match error.kind() {
                StoreErrorKind::Erased => return Kept::Erased,
                StoreErrorKind::Taken => {
                    // The code gave two pairs. This one becomes a grant without that rest.
                    context.store_failed(None, &error);
                    return Kept::Here;
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
        Kept::Here
    }
}

/// Why a code is not exchanged yet, for the person who looks.
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
