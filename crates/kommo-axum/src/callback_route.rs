//! `GET callback`: the Redirect URI, where browsers come back from the consent page.
//!
//! Source: rules G2 and G6 to G10 of `docs/protocol.md`.
//!
//! ```text
//!   query + cookies ── whose state? ── used? ── over? ── allowed? ── code kept ── exchanged ── expected account? ── application
//!         └── from_widget: the door without a session, or refused
//! ```
//!
//! The address has a code in it, so no page is shown here: whatever comes of it, the browser is sent on, to the application or to `result`.

use core::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::header::HeaderMap;
use axum::http::request::Parts;
use kommo_account::ClientId;
use kommo_keeper::{CodeOrigin, CodeOutcome, CodePut, NewGrant, PendingCode};
use kommo_oauth::{
    CallbackFieldError, ConsentRedirect, ConsentState, InstallHook, InstallHookError,
    RedirectError, RedirectOutcome, TokenRefusalKind,
};
use zeroize::Zeroizing;

use crate::application::Connected;
use crate::connect::{Connect, InstallDoor};
use crate::endings::{go_onward, with_cookies};
use crate::exchanging::Exchanging;
use crate::grant_desk::GrantDesk;
use crate::refusal::Refusal;
use crate::route_counts::Family;
use crate::sealed_attempt::{LiveAttempt, StateDigest};
use crate::seen_request::without_secrets;

type Parsed = Result<RedirectOutcome, RedirectError>;

pub(crate) async fn callback<K: GrantDesk>(
    State(connect): State<Connect<K>>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let query = Zeroizing::new(parts.uri.query().unwrap_or_default().to_owned());
    if connect.is_install_hook(&query) {
        return connect.take_install_hook(&query).await;
    }
    let client_id = connect.inner.desk.credentials().client_id;
    let (attempt, parsed) = connect.whose(&query, &client_id, &parts.headers);
    let Some(attempt) = attempt else {
        let error = parsed.err().unwrap_or(RedirectError::StateMismatch);
        return connect.tell_refused(Refusal::Redirect(error), None);
    };
    let clear = connect.inner.cookies.clear_attempt(&attempt.state);
    let finished = connect.finish(&attempt, parsed, &query).await;
    let response = connect.answer(attempt, finished, parts).await;
    with_cookies(response, clear)
}

/// How far a consent came.
enum Finished {
    Granted(NewGrant),
    Waiting,
}

impl<K: GrantDesk> Connect<K> {
    /// Only where install hooks are taken at the Redirect URI. One with a `state` is a browser's redirect that somebody dressed up.
    fn is_install_hook(&self, query: &str) -> bool {
        if self.inner.settings.install_door != InstallDoor::Callback {
            return false;
        }
        let client_id = self.inner.desk.credentials().client_id;
        !matches!(
            InstallHook::parse(query, &client_id),
            Err(InstallHookError::Query(_)
                | InstallHookError::NotAnInstallHook
                | InstallHookError::HasState)
        )
    }

    /// Which attempt of this browser the redirect belongs to: each state is compared in constant time, and nothing else is looked at before
    /// one matches.
    fn whose(
        &self,
        query: &str,
        client_id: &ClientId,
        headers: &HeaderMap,
    ) -> (Option<LiveAttempt>, Parsed) {
        let attempts = self.inner.cookies.attempts(&self.inner.sealer, headers);
        for attempt in attempts {
            let parsed = ConsentRedirect::parse(query, &attempt.state, client_id);
            match parsed {
                Err(RedirectError::StateMismatch) => {}
                Ok(_)
                | Err(
                    RedirectError::CodeAndError
                    | RedirectError::UnknownError
                    | RedirectError::Field(_),
                ) => return (Some(attempt), parsed),
                // Seen before any state was compared.
                Err(_) => return (None, parsed),
            }
        }
        // No state to compare with; what the query lacks is said all the same.
        let nobody = ConsentState::from_random([0; 32]);
        let parsed = match ConsentRedirect::parse(query, &nobody, client_id) {
            Err(
                error @ (RedirectError::Query(_)
                | RedirectError::InstallHookOnBrowserRoute
                | RedirectError::StateMissing),
            ) => error,
            _ => RedirectError::StateMismatch,
        };
        (None, Err(parsed))
    }

    async fn finish(
        &self,
        attempt: &LiveAttempt,
        parsed: Parsed,
        query: &str,
    ) -> Result<Finished, Refusal> {
        let inner = &self.inner;
        let now = inner.desk.now();
        let digest = StateDigest::of(&attempt.state);
        if attempt.ends_at < now {
            return Err(Refusal::StateExpired);
        }
        if !inner.used.take(digest, attempt.ends_at, now) {
            return Err(Refusal::StateUsed);
        }
        let Some(on_the_fly) = &inner.settings.on_the_fly else {
            let redirect = allowed(parsed)?;
            return self
                .exchange(
                    attempt,
                    redirect,
                    inner.desk.clone(),
                    inner.exchanging.clone(),
                )
                .await;
        };
        // Whoever refuses has made no integration, so there is no client id to compare with.
        if query.split('&').any(|pair| pair == "error=access_denied") {
            return Err(Refusal::AccessDenied);
        }
        let other_client = RedirectError::Field(CallbackFieldError::OtherClient);
        let client_id = on_the_fly.sink.client_of(&digest.whole_text()).await;
        let desk = match client_id {
            Some(client_id) => (on_the_fly.desk_of)(client_id).await,
            None => None,
        };
        let (Some(client_id), Some(desk)) = (client_id, desk) else {
            return Err(Refusal::Redirect(other_client));
        };
        let redirect = allowed(ConsentRedirect::parse(query, &attempt.state, &client_id))?;
        let exchanging = Exchanging::new(desk.clone());
        self.exchange(attempt, redirect, desk, exchanging).await
    }

    /// Keeps the code, then waits for its exchange. What was begun goes on if the browser hangs up.
    async fn exchange(
        &self,
        attempt: &LiveAttempt,
        redirect: ConsentRedirect,
        desk: K,
        exchanging: Exchanging<K>,
    ) -> Result<Finished, Refusal> {
        if redirect.host.platform() != self.inner.settings.platform {
            return Err(Refusal::OtherPlatform);
        }
        let pending = PendingCode::new(
            desk.endpoints().realm(),
            desk.credentials().client_id,
            redirect.host,
            redirect.code,
            CodeOrigin::Redirect,
            desk.now(),
        )
        .with_expected_account(attempt.expected_account)
        .with_carried(attempt.carried.clone());
        let awaited = exchanging.awaiting(&pending.code).ok_or(Refusal::Busy)?;
        let keeping = tokio::spawn(async move {
            match desk.accept_code(pending).await {
                Ok(CodePut::Stored) => {
                    exchanging.wake();
                    Ok(())
                }
                Ok(CodePut::Duplicate) => Err(Refusal::CodeRepeated),
                Ok(_) => Err(Refusal::Busy),
                Err(error) => Err(Refusal::NotKept(error)),
            }
        });
        let wait: Duration = self.inner.settings.exchange_wait;
        match tokio::time::timeout(wait, keeping).await {
            Ok(Ok(kept)) => kept?,
            Ok(Err(_)) | Err(_) => return Err(Refusal::Busy),
        }
        match tokio::time::timeout(wait, awaited.outcome()).await {
            Ok(Ok(CodeOutcome::Granted(grant))) => Ok(Finished::Granted(grant)),
            Ok(Ok(CodeOutcome::Refused(kind))) => Err(Refusal::CodeRefused(kind)),
            // The answers were lost, or the account was erased: to the user it is a code that works no more.
            Ok(Ok(CodeOutcome::Lost | CodeOutcome::Erased)) => {
                Err(Refusal::CodeRefused(TokenRefusalKind::Unknown))
            }
            Ok(Ok(CodeOutcome::ClientRefused(kind))) => Err(Refusal::ClientRefused(kind)),
            // Nobody knows yet, or the store failed after the code was durable.
            Ok(Ok(_) | Err(_)) | Err(_) => Ok(Finished::Waiting),
        }
    }

    async fn answer(
        &self,
        attempt: LiveAttempt,
        finished: Result<Finished, Refusal>,
        parts: Parts,
    ) -> Response<Body> {
        let grant = match finished {
            Err(refusal) => return self.tell_refused(refusal, Some(&attempt)),
            Ok(Finished::Waiting) => {
                self.inner.counts.add(Family::Consents, "waiting");
                return self.waiting(&attempt);
            }
            Ok(Finished::Granted(grant)) => grant,
        };
        if grant.expected_account.is_some() {
            return self.tell_refused(Refusal::OtherAccount, Some(&attempt));
        }
        self.inner.counts.add(Family::Consents, "connected");
        tracing::info!(key = %grant.key, "connected");
        let seen = without_secrets(parts, self.inner.cookies);
        let connected = Connected {
            grant,
            mode: attempt.mode,
        };
        match self
            .inner
            .settings
            .application
            .connected(connected, seen)
            .await
        {
            Some(onward) => go_onward(onward),
            None => self.connected(&attempt),
        }
    }

    fn tell_refused(&self, refusal: Refusal, attempt: Option<&LiveAttempt>) -> Response<Body> {
        self.inner.counts.add(Family::Consents, refusal.code());
        tracing::warn!(code = refusal.code(), "a consent came to nothing");
        self.refused(&refusal, attempt)
    }
}

fn allowed(parsed: Parsed) -> Result<ConsentRedirect, Refusal> {
    match parsed {
        Ok(RedirectOutcome::Code(redirect)) => Ok(redirect),
        Ok(_) => Err(Refusal::AccessDenied),
        Err(error) => Err(Refusal::Redirect(error)),
    }
}
