//! `GET callback`: the Redirect URI, where browsers come back from the consent page.
//!
//! Source: rules G2 and G6 to G10 of `docs/protocol.md`.
//!
//! ```text
//!   query + cookies ── whose state? ── over? ── session? ── used? ── allowed? ── not too many? ── code kept ── exchanged ── expected account? ── application
//!         │                                                  └── the end that it came to before
//!         └── from_widget: the way without a session, or refused
//! ```
//!
//! The address has a code in it, so no page is shown here: in every case the browser is sent on, to
//! the application or to `result`.

use core::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::HeaderMap;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use kommo_keeper::{CodeOrigin, CodeOutcome, CodePut, CodeStore, Keeper, NewGrant};
use kommo_oauth::consent::{
    CallbackFieldError, CallbackQuery, ConsentMode, ConsentRedirect, RedirectError,
    RedirectOutcome, RedirectQuery,
};
use kommo_oauth::token::TokenRefusalKind;
use tracing::Instrument as _;
use zeroize::Zeroizing;

use crate::application::callbacks::Connected;
use crate::application::redirect_to::RedirectTo;
use crate::browser::browser_context::is_prefetch;
use crate::consent::redirect_digest::{RedirectDigest, state_in};
use crate::consent::sealed_attempt::{LiveAttempt, StateDigest};
use crate::cookies::redacted_parts::without_secrets;
use crate::exchange::look_up_room::NoRoom;
use crate::pages::consent_outcome::ConsentOutcome;
use crate::pages::refusal::Refusal;
use crate::result::sealed_result::{ConsentResult, ResultName};
use crate::result::used_attempts::{AttemptEnd, EndTeller, Turn};
use crate::routes::guarded_answer::empty;
use crate::routes::responses::with_cookies;
use crate::setup::connect::{Connect, InstallHooks};
use crate::setup::route_counts::Family;

pub(crate) async fn callback<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    if is_prefetch(&parts.headers) {
        // The browser asks again if its user comes here.
        connect.inner.counts.add(Family::Consents, "prefetch");
        return empty(StatusCode::SERVICE_UNAVAILABLE);
    }
    let query = Zeroizing::new(parts.uri.query().unwrap_or_default().to_owned());
    match CallbackQuery::read(&query) {
        Ok(CallbackQuery::Redirect(redirect)) => connect.come_back(redirect, query, parts).await,
        Ok(CallbackQuery::InstallHook(hook)) if connect.takes_hooks_here() => {
            let client_id = connect.inner.credentials().client_id;
            connect.take_install_hook(hook.check(&client_id)).await
        }
        Ok(_) => {
            let error = RedirectError::InstallHookOnBrowserRoute;
            connect.without_attempt(&query, error, &parts.headers)
        }
        Err(error) => {
            let error = RedirectError::Query(error);
            connect.without_attempt(&query, error, &parts.headers)
        }
    }
}

/// How far a consent came.
enum Finished {
    Granted(NewGrant),
    Waiting,
}

impl<S: CodeStore> Connect<S> {
    async fn come_back(
        &self,
        redirect: RedirectQuery,
        query: Zeroizing<String>,
        parts: Parts,
    ) -> Response<Body> {
        let inner = &self.inner;
        let now = inner.now();
        let attempt = match self.attempt_of(&redirect, &parts.headers) {
            Some(attempt) if attempt.ends_at >= now => attempt,
            Some(over) => {
                let client_id = inner.credentials().client_id;
                let checked = redirect.check(&over.state, &client_id);
                let error = checked.err().unwrap_or(RedirectError::StateMismatch);
                let response = self.without_attempt(&query, error, &parts.headers);
                return with_cookies(response, inner.cookies.clear_attempt(&over.state));
            }
            None => {
                let error = redirect.without_expected_state();
                return self.without_attempt(&query, error, &parts.headers);
            }
        };
        if !self.is_same_session(&attempt, &parts).await {
            return self.refuse_without_attempt(Refusal::SessionChanged);
        }
        let state = StateDigest::of(&attempt.state);
        let digest = RedirectDigest::of(&query);
        let clear = inner.cookies.clear_attempt(&attempt.state);
        let turn = inner.used.enter(state, attempt.ends_at, digest, now);
        let (is_other, awaited) = match turn {
            Turn::First(teller, awaited) => {
                self.carry_out_apart(attempt, redirect, parts, teller);
                (false, awaited)
            }
            Turn::Again(awaited) => {
                inner.counts.add(Family::Consents, "repeated");
                (false, awaited)
            }
            Turn::Other(awaited) => (true, awaited),
        };
        let Some(attempt_end) = awaited.end().await else {
            return self.refuse_without_attempt(Refusal::Busy);
        };
        if is_other {
            return self.answer_another(&attempt_end.outcome);
        }
        with_cookies(self.answer_redirect(state, digest, &attempt_end), clear)
    }

    /// In a task of its own: a browser that hangs up, or that fetches ahead what it throws away,
    /// does not stop the consent half way.
    fn carry_out_apart(
        &self,
        attempt: LiveAttempt,
        redirect: RedirectQuery,
        parts: Parts,
        teller: EndTeller,
    ) {
        let connect = self.clone();
        let work = async move {
            let finished = connect.finish(&attempt, &redirect).await;
            teller.tell(connect.end_of(attempt.mode, finished, parts).await);
        };
        tokio::spawn(work.in_current_span());
    }

    /// Without an attempt under way: the browser may have finished the one that the redirect is of.
    fn without_attempt(
        &self,
        query: &str,
        error: RedirectError,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let inner = &self.inner;
        let now = inner.now();
        let known = state_in(query).and_then(|state| inner.sealer.known_state(state.expose()));
        let Some(known) = known else {
            return self.refuse_without_attempt(Refusal::Redirect(error));
        };
        let name = ResultName::of(known.digest);
        let result = inner
            .cookies
            .result(&inner.result_sealer, &name, headers, now);
        match result {
            Some(ConsentResult {
                outcome,
                answered: Some(answered),
            }) if answered.state == known.digest => {
                if answered.redirect != RedirectDigest::of(query) {
                    return self.answer_another(&outcome);
                }
                inner.counts.add(Family::Consents, "repeated");
                self.answer_again(&answered)
            }
            _ if known.ends_at < now => self.refuse_without_attempt(Refusal::StateExpired),
            _ => self.refuse_without_attempt(Refusal::Redirect(error)),
        }
    }

    /// Another redirect with a state that this browser has used: it is not processed, and the
    /// answer says how the first one ended.
    fn answer_another(&self, outcome: &ConsentOutcome) -> Response<Body> {
        let outcome = outcome.for_another_redirect();
        self.inner.counts.add(Family::Consents, "state-used");
        tracing::warn!(
            code = &*outcome.code,
            "a used state came with another redirect"
        );
        self.lead_to_page(&ResultName::none(), outcome)
    }

    /// No attempt was used up, so the window's opener is not informed.
    fn refuse_without_attempt(&self, refusal: Refusal) -> Response<Body> {
        self.inner.counts.add(Family::Consents, refusal.code());
        tracing::warn!(code = refusal.code(), "a consent failed");
        let outcome = ConsentOutcome::refused(&refusal, false);
        self.lead_to_page(&ResultName::none(), outcome)
    }

    async fn is_same_session(&self, attempt: &LiveAttempt, parts: &Parts) -> bool {
        let inner = &self.inner;
        let seen = without_secrets(parts.clone(), inner.cookies);
        let session = inner.settings.application.session(seen).await;
        attempt.session == session.map(|session| inner.sealer.session_tag(session))
    }

    fn takes_hooks_here(&self) -> bool {
        self.inner.settings.install_hooks == InstallHooks::Callback
    }

    /// Which attempt of this browser the redirect belongs to: each state is compared in constant
    /// time, and nothing else is checked before one matches.
    fn attempt_of(&self, redirect: &RedirectQuery, headers: &HeaderMap) -> Option<LiveAttempt> {
        let attempts = self.inner.cookies.attempts(&self.inner.sealer, headers);
        let mut attempts = attempts.into_iter();
        attempts.find(|attempt| redirect.has_state(&attempt.state))
    }

    async fn finish(
        &self,
        attempt: &LiveAttempt,
        redirect: &RedirectQuery,
    ) -> Result<Finished, Refusal> {
        let inner = &self.inner;
        let digest = StateDigest::of(&attempt.state);
        let Some(on_the_fly) = &inner.settings.on_the_fly else {
            let client_id = inner.credentials().client_id;
            let redirect = allowed(redirect.check(&attempt.state, &client_id))?;
            self.admit(attempt, &redirect)?;
            return self.exchange(attempt, redirect, inner.keeper.clone()).await;
        };
        // A user who refuses has made no integration, so there is no client id to compare with.
        if redirect.is_denied() {
            return Err(Refusal::AccessDenied);
        }
        let other_client = RedirectError::Field(CallbackFieldError::OtherClient);
        let name = digest.whole_text();
        let found = async { on_the_fly.sink.client_of(&name).await };
        let Some(client_id) = self.look_up(attempt, found).await? else {
            return Err(Refusal::Redirect(other_client));
        };
        let redirect = allowed(redirect.check(&attempt.state, &client_id))?;
        self.admit(attempt, &redirect)?;
        let secret = async { on_the_fly.sink.secret_of(&client_id).await };
        let made = match self.look_up(attempt, secret).await? {
            Some(secret) => on_the_fly.keeper(client_id, &secret).await,
            None => None,
        };
        let Some(made) = made else {
            return Err(Refusal::Redirect(other_client));
        };
        let finished = self.exchange(attempt, redirect, made).await;
        if matches!(finished, Ok(Finished::Granted(_))) {
            let known = inner.sealer.known_state(attempt.state.expose());
            if let Some(owner) = known.and_then(|known| known.owner) {
                inner.owner_room.give_back(owner);
            }
        }
        finished
    }

    /// Whether the code of a redirect is taken. Any program can begin and finish a consent that is
    /// bound to no session, so of those no more are taken than the gate lets in; the others cost
    /// nothing but their answer.
    fn admit(&self, attempt: &LiveAttempt, redirect: &ConsentRedirect) -> Result<(), Refusal> {
        let inner = &self.inner;
        if redirect.host.platform() != inner.settings.platform {
            return Err(Refusal::OtherPlatform);
        }
        if attempt.session.is_some() || inner.consent_gate.take(redirect.host, inner.now()) {
            return Ok(());
        }
        Err(Refusal::TooMany)
    }

    /// Asks the application's sink: within bounds, unless its own session vouches for the browser.
    async fn look_up<T>(
        &self,
        attempt: &LiveAttempt,
        asked: impl Future<Output = T>,
    ) -> Result<T, Refusal> {
        if attempt.session.is_some() {
            return Ok(asked.await);
        }
        let answered = self.inner.consent_look_ups.ask(asked).await;
        answered.map_err(|NoRoom| Refusal::TooMany)
    }

    /// Stores the code, then exchanges it. Both continue in tasks of their own if the browser
    /// hangs up.
    async fn exchange(
        &self,
        attempt: &LiveAttempt,
        redirect: ConsentRedirect,
        keeper: Keeper<S>,
    ) -> Result<Finished, Refusal> {
        let origin = match attempt.session {
            Some(_) => CodeOrigin::Redirect,
            None => CodeOrigin::UnboundRedirect,
        };
        let pending = keeper
            .pending_code(redirect.host, redirect.code, origin)
            .map_err(Refusal::NotKept)?
            .with_expected_account(attempt.expected_account)
            .with_carried(attempt.carried.clone());
        let exchange_room = self.inner.exchange_room.clone();
        let place = exchange_room.place().ok_or(Refusal::Busy)?;
        let keeping = tokio::spawn(async move {
            match keeper.accept_code(&pending).await {
                Ok(CodePut::Stored) => Ok(exchange_room.exchange(keeper, pending, place)),
                Ok(CodePut::Duplicate) => Err(Refusal::CodeRepeated),
                Ok(_) => Err(Refusal::Busy),
                Err(error) => Err(Refusal::NotKept(error)),
            }
        });
        let wait: Duration = self.inner.settings.exchange_wait;
        let exchange = match tokio::time::timeout(wait, keeping).await {
            Ok(Ok(kept)) => kept?,
            Ok(Err(_)) | Err(_) => return Err(Refusal::Busy),
        };
        // Else it takes longer, or the store failed after the code was durable.
        let Ok(Ok(Ok(outcome))) = tokio::time::timeout(wait, exchange).await else {
            return Ok(Finished::Waiting);
        };
        match outcome {
            CodeOutcome::Granted(grant) => Ok(Finished::Granted(grant)),
            CodeOutcome::Refused(kind) => Err(Refusal::CodeRefused(kind)),
            // The answers were lost, or the account was erased: for the user the code is spent.
            CodeOutcome::Lost | CodeOutcome::Erased => {
                Err(Refusal::CodeRefused(TokenRefusalKind::Unknown))
            }
            CodeOutcome::ClientRefused(kind) => Err(Refusal::ClientRefused(kind)),
            _ => Ok(Finished::Waiting),
        }
    }

    /// What the browser is answered. The application is asked here, once for each consent, however
    /// often the browser comes.
    async fn end_of(
        &self,
        mode: ConsentMode,
        finished: Result<Finished, Refusal>,
        parts: Parts,
    ) -> AttemptEnd {
        let tells_opener = mode == ConsentMode::PostMessage;
        let outcome = match finished {
            Err(refusal) => self.refused_outcome(&refusal, tells_opener),
            Ok(Finished::Waiting) => {
                self.inner.counts.add(Family::Consents, "waiting");
                ConsentOutcome::waiting(tells_opener)
            }
            Ok(Finished::Granted(grant)) if grant.expected_account.is_some() => {
                self.refused_outcome(&Refusal::OtherAccount, tells_opener)
            }
            Ok(Finished::Granted(grant)) => {
                self.inner.counts.add(Family::Consents, "connected");
                tracing::info!(key = %grant.key, "connected");
                let outcome = ConsentOutcome::connected(tells_opener);
                let sent_to = self.ask_application(Connected { grant, mode }, parts).await;
                // The main window continues; an opened one informs its opener.
                let path = self.inner.settings.success_path.clone();
                let path = path.filter(|_| !tells_opener).map(RedirectTo::to);
                let sent_to = sent_to.or(path);
                return AttemptEnd { outcome, sent_to };
            }
        };
        AttemptEnd {
            outcome,
            sent_to: None,
        }
    }

    fn refused_outcome(&self, refusal: &Refusal, tells_opener: bool) -> ConsentOutcome {
        self.inner.counts.add(Family::Consents, refusal.code());
        tracing::warn!(code = refusal.code(), "a consent failed");
        ConsentOutcome::refused(refusal, tells_opener)
    }

    /// If the application panics, the account is still connected.
    async fn ask_application(&self, connected: Connected, parts: Parts) -> Option<RedirectTo> {
        let connect = self.clone();
        let seen = without_secrets(parts, self.inner.cookies);
        let asked = async move {
            let application = &connect.inner.settings.application;
            application.connected(connected, seen).await
        };
        let answered = tokio::spawn(asked.in_current_span()).await;
        answered.unwrap_or_default()
    }
}

fn allowed(checked: Result<RedirectOutcome, RedirectError>) -> Result<ConsentRedirect, Refusal> {
    match checked {
        Ok(RedirectOutcome::Code(redirect)) => Ok(redirect),
        Ok(_) => Err(Refusal::AccessDenied),
        Err(error) => Err(Refusal::Redirect(error)),
    }
}
