//! One claimed code: its request, its pair, its end.

use kommo_oauth::grant::HoldKind;
use kommo_oauth::refresh::{AfterExchange, AnotherExchange, EarlierTries, SendOutcome};
use kommo_oauth::token::{
    DoubtCause, RequestOrigin, TokenAnswer, TokenPair, TokenRefusal, TokenRefusalKind, TokenRequest,
};

use crate::codes::outcome::{CodeOutcome, ExchangeError};
use crate::keeper::Keeper;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::{StoreError, StoreErrorKind};
use crate::ports::pending_codes::{ClaimedCode, CodeEnd, CodeOrigin, CodeStore};
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

/// What became of the pair of an exchange.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeptPair {
    /// In the store.
    Stored { in_lifeboat: bool },
    /// It is in memory: the store has another pair of the same code.
    BesideAnother { in_lifeboat: bool },
    /// In the lifeboat alone: the store cannot save it, and the program ends.
    InLifeboat,
    /// It was dropped: the account was erased meanwhile, at its owner's request.
    Erased { in_lifeboat: bool },
}

impl<S: CodeStore> Keeper<S> {
    pub(super) async fn exchange(&self, code: &ClaimedCode) -> Result<CodeOutcome, ExchangeError> {
        let (outcome, end) = match &code.answer {
            Some(pair) => self.settle_pair(code, pair).await?,
            None => self.answer_or_send(code).await?,
        };
        self.settle(code, outcome, end).await
    }

    /// From a pair that an earlier program left in the lifeboat.
    pub(super) async fn finish_exchange(
        &self,
        code: &ClaimedCode,
    ) -> Result<CodeOutcome, ExchangeError> {
        let Some(pair) = &code.answer else {
            return Ok(CodeOutcome::NotYet);
        };
        let (outcome, end) = self.keep_and_settle_pair(code, pair, true).await?;
        self.settle(code, outcome, end).await
    }

    async fn settle(
        &self,
        code: &ClaimedCode,
        outcome: CodeOutcome,
        end: CodeEnd,
    ) -> Result<CodeOutcome, ExchangeError> {
        let context = self.context();
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
    pub(super) fn code_ended(&self, counter: Counter, alarm: AlarmKind) {
        self.context().metrics.add(counter);
        self.context().listeners.raise_alarm(None, alarm);
    }

    /// A code that was claimed before may have been exchanged already.
    async fn answer_or_send(
        &self,
        code: &ClaimedCode,
    ) -> Result<(CodeOutcome, CodeEnd), ExchangeError> {
        let not_sent = (CodeOutcome::NotYet, self.paused_for_a_lease(false));
        if code.earlier_tries > 0 {
            match self.answer_in_lifeboat(code).await {
                Ok(Some(pair)) => return self.keep_and_settle_pair(code, &pair, true).await,
                Ok(None) => {}
                Err(_) => return Ok(not_sent),
            }
        }
        if !self.has_room_for_answer(code).await {
            self.note_why(code, "no-room-for-answer").await;
            return Ok(not_sent);
        }
        let sent = self.send_code(code).await;
        self.release_room_for_answer(code).await;
        sent
    }

    async fn send_code(&self, code: &ClaimedCode) -> Result<(CodeOutcome, CodeEnd), ExchangeError> {
        let context = self.context();
        let Some(credentials) = self.credentials() else {
            return Ok((CodeOutcome::NotYet, self.paused_for_a_lease(false)));
        };
        let pending = &code.pending;
        // Who sends a code chooses its host, so an answer from there says nothing about our
        // address: no origin of a code is evidence.
        let origin = match pending.origin {
            CodeOrigin::InstallHook => RequestOrigin::InstallHook,
            CodeOrigin::UnboundRedirect => RequestOrigin::UnboundConsent,
            CodeOrigin::Redirect | CodeOrigin::Pasted => RequestOrigin::Consent,
        };
        let request =
            TokenRequest::exchange(&credentials, &pending.host, &pending.code).with_origin(origin);
        let outcome = context.endpoint.send(pending.realm, &request).await;
        let policy = &context.settings.policy;
        let is_strangers = pending.origin.is_strangers();
        let earlier = EarlierTries::new(code.earlier_claims, code.earlier_tries, is_strangers);
        let why = why_not_yet(&outcome);
        Ok(match AfterExchange::of(outcome, earlier, policy) {
            AfterExchange::Keep(pair) => self.keep_and_settle_pair(code, &pair, false).await?,
            AfterExchange::Refused(TokenRefusal { kind, .. })
            | AfterExchange::Again(AnotherExchange {
                refusal: Some(TokenRefusal { kind, .. }),
                ..
            }) if is_mistyped(pending.origin, kind) => {
                (CodeOutcome::Refused(kind), CodeEnd::WrongAccount)
            }
            AfterExchange::Refused(refusal) => {
                (CodeOutcome::Refused(refusal.kind), CodeEnd::Refused)
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
        // A stranger chooses the host, so its answer is worth an alarm only if it refuses our
        // credentials.
        let is_news =
            |kind: &HoldKind| !origin.is_strangers() || *kind == HoldKind::ClientMisconfigured;
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
            None => self.paused_for_a_lease(counts),
        };
        (outcome, end)
    }

    /// This worker is done with the code for now: its next try is as far away as if the lease went
    /// on, but a person may have it sooner.
    pub(super) fn paused_for_a_lease(&self, counts: bool) -> CodeEnd {
        let pause = self.settings().lease;
        CodeEnd::Later { pause, counts }
    }

    async fn keep_and_settle_pair(
        &self,
        code: &ClaimedCode,
        pair: &TokenPair,
        is_in_lifeboat: bool,
    ) -> Result<(CodeOutcome, CodeEnd), ExchangeError> {
        let kept = self.keep_pair(code, pair, is_in_lifeboat).await;
        let (settled, in_lifeboat) = match kept {
            KeptPair::Stored { in_lifeboat } => (self.settle_pair(code, pair).await, in_lifeboat),
            KeptPair::BesideAnother { in_lifeboat } => {
                // Until it is a grant, the file is the only durable copy.
                let settled = self.settle_pair(code, pair).await?;
                let is_granted = matches!(settled.0, CodeOutcome::Granted(_));
                (Ok(settled), in_lifeboat && is_granted)
            }
            KeptPair::InLifeboat => (Ok((CodeOutcome::NotYet, CodeEnd::TryAgain)), false),
            KeptPair::Erased { in_lifeboat } => {
                (Ok((CodeOutcome::Erased, CodeEnd::Refused)), in_lifeboat)
            }
        };
        if in_lifeboat {
            self.delete_answer_from_lifeboat(code).await;
        }
        settled
    }

    /// Stores the pair, and retries until the store is back: the code is spent. Until then the only
    /// copies are in memory and in the lifeboat.
    async fn keep_pair(
        &self,
        code: &ClaimedCode,
        pair: &TokenPair,
        mut in_lifeboat: bool,
    ) -> KeptPair {
        let context = self.context();
        let mut tries = 0_u32;
        while let Err(error) = context.store.keep_answer(code, pair).await {
            match error.kind() {
                StoreErrorKind::Erased => {
                    return KeptPair::Erased { in_lifeboat };
                }
                StoreErrorKind::Taken => {
                    // The code was exchanged twice. This pair becomes a grant without being stored
                    // first.
                    context.store_failed(None, &error);
                    return KeptPair::BesideAnother { in_lifeboat };
                }
                _ => {}
            }
            if !in_lifeboat {
                in_lifeboat = self.write_answer_to_lifeboat(code, pair).await;
            }
            if tries == 0 || tries.is_power_of_two() {
                context.store_failed(None, &error);
                context
                    .listeners
                    .raise_alarm(None, AlarmKind::Unsaved { in_lifeboat });
            }
            let pause = context.settings.policy.save_pause_after(tries);
            tries = tries.saturating_add(1);
            if in_lifeboat && self.is_draining() {
                return KeptPair::InLifeboat;
            }
            context.clock.pause(pause).await;
        }
        KeptPair::Stored { in_lifeboat }
    }
}

/// Whether a person may have mistyped the account: there is another one at this host, or none. A
/// redirect or a hook names the right one.
fn is_mistyped(origin: CodeOrigin, kind: TokenRefusalKind) -> bool {
    let is_elsewhere = matches!(
        kind,
        TokenRefusalKind::InvalidAccount | TokenRefusalKind::NotFound
    );
    origin == CodeOrigin::Pasted && is_elsewhere
}

/// Why a code is not exchanged yet, for an operator.
const fn why_not_yet(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::NotSent => "unreachable",
        SendOutcome::Withheld { .. } => "blocked",
        SendOutcome::Lost => "answer-lost",
        SendOutcome::Answered(TokenAnswer::InDoubt(DoubtCause::Status { .. })) => "server-error",
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
