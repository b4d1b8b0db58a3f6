//! A whole call to the CRM API: budget, token, attempts, and the decision after each answer.
//!
//! ```text
//!            ┌──────────────────── pause ◄─────────────────────────┐
//!            ▼                                                     │ may be repeated, attempts left
//! breaker ─ budget ─ token ─ send ─┬─ 2xx ────────────> CrmResponse│
//!                      ▲           ├─ 429 ────────────── any ──────┤
//!                      │           ├─ no connection ──── any ──────┤
//!                      │           ├─ lost, 500 502 503 ─ safe ────┤
//!                      │           │                               └─> error
//!                      │           ├─ 401, once ─> tokens: a later generation?
//!                      ├── the same method, URL, body, headers ◄── yes, and safe
//!                      │           ├─ no such account, once ─> tokens: another host?
//!                      └── the same, to that host ◄─────────────── yes
//!                                  └─ everything else ───────────────> error
//! ```
//!
//! A 429, a failed connection, and a 404 of a host that does not know the account, mean that
//! nothing was done, so they are repeated whatever the method is.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::time::Duration;

use kommo_account::{ClientId, EndpointRole, Endpoints};
use kommo_keeper::Clock;
use kommo_oauth::grant::UsableToken;
use kommo_sign::RequestPath;

use crate::budget::breaker::{KNOWN_FOR, Permit, Rejected, Standing};
use crate::budget::jitter;
use crate::budget::request_budget::RequestBudget;
use crate::crm::answer::CrmResponse;
use crate::crm::any_tokens::AnyTokens;
use crate::crm::error::CrmError;
use crate::crm::refusal::{CrmRefusal, CrmRefusalKind};
use crate::crm::request::{CrmMethod, CrmRequest};
use crate::error::{InvalidRequest, TransportError, may_be_done};
use crate::secrets::bearer;
use crate::secrets::redaction;
use crate::transport::client::Transport;
use crate::transport::outgoing_request::OutgoingRequest;
use crate::transport::raw_response::RawResponse;
use crate::transport::request_query::RequestQuery;
use crate::transport::retry_policy::Repeat;
use crate::transport::retry_policy::RetryPolicy;

/// Which calls are sent again, once, when a 401 was about a token that has a successor now (rule
/// L10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReplayAfter401 {
    /// Those that may be repeated anyway: `GET`, and what the caller marked with
    /// [`Repeat::WhenSafe`].
    #[default]
    WhenSafe,
    /// All. A 401 is a refusal, so nothing should have been done; no source promises that.
    Always,
}

/// Once for a 401 that is confirmed, and once more only if the token has changed again meanwhile
/// (rule L10).
const RENEWALS_AT_MOST: u32 = 2;

/// What every attempt of a call has in common.
pub(crate) struct CrmCall<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) endpoints: Endpoints,
    pub(crate) client_id: ClientId,
    pub(crate) tokens: &'a dyn AnyTokens,
    pub(crate) budget: &'a RequestBudget,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) replay: ReplayAfter401,
    pub(crate) request: &'a CrmRequest,
}

/// How far a call has come.
#[derive(Default)]
struct Progress {
    attempts: u32,
    repetitions: u32,
    /// The token to replay with, after a 401.
    renewed: Option<Arc<UsableToken>>,
    renewals: u32,
    /// Whether the account's host was looked up, after a 404.
    is_looked_up: bool,
    /// Whether an attempt that was followed by another may have been carried out.
    was_in_doubt: bool,
}

/// What follows an attempt.
enum Next {
    Done(RawResponse),
    Repeat(Duration),
    /// 401: ask for another token.
    Renew(CrmRefusal),
    /// 404, no such account: ask for another host.
    LookUp(CrmRefusal),
    Fail(CrmError),
}

impl CrmCall<'_> {
    /// Sends until there is a result or an error.
    pub(crate) async fn run(&self) -> Result<CrmResponse, CrmError> {
        let mut progress = Progress::default();
        let result = self.attempt(&mut progress).await;
        // A read that was carried out twice has changed nothing.
        let is_write = self.request.method() != CrmMethod::Get;
        result.map_err(|error| {
            if is_write && progress.was_in_doubt && !error.may_be_done() {
                CrmError::AfterDoubt(Box::new(error))
            } else {
                error
            }
        })
    }

    async fn attempt(&self, progress: &mut Progress) -> Result<CrmResponse, CrmError> {
        loop {
            let (usable, permit) = self.ready(progress).await?;
            progress.attempts += 1;
            let result = self.send(&usable).await;
            report(progress.attempts, &result, usable.access_token.expose());
            let is_in_doubt = is_in_doubt(&result);
            let next = self.next(result, &usable, &permit, progress);
            self.budget.settle(&permit);
            match next {
                Next::Done(response) => {
                    let sent = usable.access_token.expose().as_bytes();
                    let request_id = redaction::request_id(&response, sent).map(String::from);
                    return Ok(CrmResponse {
                        response,
                        request_id,
                        host: usable.host,
                        attempts: progress.attempts,
                    });
                }
                Next::Fail(error) => {
                    self.note_payment(&error);
                    return Err(error);
                }
                Next::LookUp(refusal) => {
                    progress.is_looked_up = true;
                    let Some(moved) = self.tokens.account_not_found(&usable).await else {
                        return Err(CrmError::Refused(Box::new(refusal)));
                    };
                    progress.renewed = Some(moved);
                }
                Next::Renew(refusal) => {
                    let renewed = match progress.renewals {
                        0 => self.renew(&usable, refusal).await?,
                        _ => self.overtaken(&usable, refusal).await?,
                    };
                    progress.renewed = Some(renewed);
                    progress.renewals += 1;
                }
                Next::Repeat(pause) => {
                    progress.repetitions += 1;
                    progress.was_in_doubt |= is_in_doubt;
                    self.budget.clock().pause(pause).await;
                }
            }
        }
    }

    /// A token, and the permission to send to its host. The token is asked for last, since it may
    /// have ended while the call waited for the budget.
    async fn ready(&self, progress: &mut Progress) -> Result<(Arc<UsableToken>, Permit), CrmError> {
        let mut usable = self.token(progress).await?;
        loop {
            let (host, standing) = (usable.host, self.standing(&usable));
            while let Some(rejected) = self.budget.rejection(host, standing) {
                self.wait_out(rejected).await?;
            }
            if let Err(rejected) = self.budget.take(self.client_id, host, standing).await {
                self.wait_out(rejected).await?;
                continue;
            }
            usable = self.token(progress).await?;
            if usable.host != host {
                // The account has moved meanwhile.
                continue;
            }
            match self.budget.admit(host, standing) {
                Ok(permit) => {
                    progress.renewed = None;
                    return Ok((usable, permit));
                }
                Err(rejected) => self.wait_out(rejected).await?,
            }
        }
    }

    /// A token that the platform gave a short while ago is the proof that the account works. A
    /// long-lived one proves nothing.
    fn standing(&self, usable: &UsableToken) -> Standing {
        let age = usable.obtained_at.until(self.budget.clock().now());
        if usable.expires_at.is_some() && age <= KNOWN_FOR {
            Standing::Known
        } else {
            Standing::Unproven
        }
    }

    /// A 402 is about the account and not about the call, except where the call has a quota of its
    /// own.
    fn note_payment(&self, error: &CrmError) {
        let is_about_account = !self.request.is_of_add_on();
        if is_about_account && error.kind() == Some(CrmRefusalKind::PaymentRequired) {
            self.tokens.payment_required();
        }
    }

    async fn token(&self, progress: &Progress) -> Result<Arc<UsableToken>, CrmError> {
        match &progress.renewed {
            Some(usable) => Ok(Arc::clone(usable)),
            None => self.tokens.access_token().await.map_err(CrmError::Tokens),
        }
    }

    /// Waits for a short pause to end; everything else is an error.
    async fn wait_out(&self, rejected: Rejected) -> Result<(), CrmError> {
        match rejected {
            Rejected::Throttled { left } if left <= self.retry_policy.longest_wait() => {
                self.budget.clock().pause(left).await;
                Ok(())
            }
            Rejected::Throttled { left } => Err(CrmError::Throttled { left }),
            Rejected::Open(stop) => Err(CrmError::BreakerOpen(self.budget.report(stop))),
        }
    }

    async fn send(&self, usable: &UsableToken) -> Result<RawResponse, TransportError> {
        let request = self.request;
        let target = self.endpoints.resolve(EndpointRole::Account(usable.host));
        let path = RequestPath::parse(request.path()).map_err(InvalidRequest::Path)?;
        let query = request.query().map(RequestQuery::parse).transpose();
        let query = query.map_err(InvalidRequest::Query)?;
        let authorization = bearer::authorization(&usable.access_token);
        let context_user = request.context_user.map(|user| user.to_string());
        let mut outgoing = OutgoingRequest::new(request.method.to_sent(), path)
            .with_query(query)
            .with_sensitive_header("authorization", &authorization)
            .with_body(&request.body);
        if !request.body.is_empty() {
            outgoing = outgoing.with_header("content-type", "application/json");
        }
        if let Some(user) = &context_user {
            outgoing = outgoing.with_header("x-context-user-id", user);
        }
        self.transport.send(&target, &outgoing).await
    }

    fn next(
        &self,
        result: Result<RawResponse, TransportError>,
        usable: &UsableToken,
        permit: &Permit,
        progress: &Progress,
    ) -> Next {
        let attempts = progress.attempts;
        match result {
            Ok(response) if response.is_success() => {
                // A page of something on the way says nothing about the platform, whatever its
                // status is.
                if response.is_blank() || response.is_json() {
                    self.budget.answered(permit, true);
                }
                Next::Done(response)
            }
            Ok(response) if matches!(response.status(), 300..=399) => {
                Next::Fail(CrmError::Redirected {
                    status: response.status(),
                    attempts,
                })
            }
            Ok(response) => {
                let secret = usable.access_token.expose();
                let refusal = CrmRefusal::read(&response, secret, attempts);
                self.after_refusal(refusal, permit, progress)
            }
            Err(error) => self.after_failure(error, permit, progress),
        }
    }

    fn after_refusal(&self, refusal: CrmRefusal, permit: &Permit, progress: &Progress) -> Next {
        match refusal.kind() {
            CrmRefusalKind::TooManyRequests => {
                let pause = self.budget.throttled(permit, refusal.retry_after());
                return match self.pause(progress, Some(pause)) {
                    Some(pause) => Next::Repeat(pause),
                    None => refused(refusal.with_retry_after(pause)),
                };
            }
            CrmRefusalKind::Blocked => {
                self.budget.blocked(permit);
                return refused(refusal);
            }
            _ if refusal.is_json_or_empty() => self.budget.answered(permit, false),
            _ => {}
        }
        if refusal.status() == 401 && progress.renewals < RENEWALS_AT_MOST {
            return Next::Renew(refusal);
        }
        if refusal.is_account_not_found() && !progress.is_looked_up {
            return Next::LookUp(refusal);
        }
        let may_pass = matches!(refusal.status(), 500 | 502 | 503) && self.is_safe();
        let named = self.budget.bounded(refusal.retry_after());
        match self.pause(progress, named).filter(|_| may_pass) {
            Some(pause) => Next::Repeat(pause),
            None => refused(refusal),
        }
    }

    fn after_failure(&self, error: TransportError, permit: &Permit, progress: &Progress) -> Next {
        let attempts = progress.attempts;
        match error {
            TransportError::Invalid(error) => return Next::Fail(CrmError::InvalidRequest(error)),
            // Too long for a refusal in JSON.
            TransportError::BodyTooLarge { status: 403, .. } => self.budget.blocked(permit),
            TransportError::BodyTooLarge { status: 429, .. }
            | TransportError::Coded { status: 429, .. } => {
                self.budget.throttled(permit, None);
            }
            _ => {}
        }
        let may_repeat =
            matches!(error, TransportError::Connect(_)) || (error.is_transient() && self.is_safe());
        match self.pause(progress, None).filter(|_| may_repeat) {
            Some(pause) => Next::Repeat(pause),
            None => Next::Fail(CrmError::Transport { error, attempts }),
        }
    }

    /// Asks for the successor of a refused token; returns the refusal if there is none, or if the
    /// call is not to be sent again.
    async fn renew(
        &self,
        usable: &UsableToken,
        refusal: CrmRefusal,
    ) -> Result<Arc<UsableToken>, CrmError> {
        let renewed = self.tokens.access_token_after_401(usable.generation).await;
        match renewed.map_err(CrmError::Tokens)? {
            None => Err(CrmError::Refused(Box::new(refusal))),
            Some(renewed) if self.replay == ReplayAfter401::Always || self.is_safe() => Ok(renewed),
            Some(_) => Err(CrmError::Refused(Box::new(refusal.with_new_token()))),
        }
    }

    /// After a second 401: the token, if it has changed again meanwhile, as when another refresh
    /// ended the one that was just sent. Nothing is asked of the platform for it.
    async fn overtaken(
        &self,
        usable: &UsableToken,
        refusal: CrmRefusal,
    ) -> Result<Arc<UsableToken>, CrmError> {
        let current = self.tokens.access_token().await;
        match current.map_err(CrmError::Tokens)? {
            current if current.generation > usable.generation => Ok(current),
            _ => Err(CrmError::Refused(Box::new(refusal))),
        }
    }

    fn is_safe(&self) -> bool {
        self.request.repeat == Repeat::WhenSafe
    }

    fn pause(&self, progress: &Progress, asked: Option<Duration>) -> Option<Duration> {
        let clock = self.budget.clock();
        let random = |longest| jitter::random_up_to(clock, longest);
        self.retry_policy
            .pause(progress.repetitions + 1, asked, random)
    }
}

/// Whether the request of an attempt may have been carried out.
fn is_in_doubt(result: &Result<RawResponse, TransportError>) -> bool {
    match result {
        Ok(response) => may_be_done(response.status()) && !response.is_success(),
        Err(error) => error.is_in_doubt(),
    }
}

fn refused(refusal: CrmRefusal) -> Next {
    Next::Fail(CrmError::Refused(Box::new(refusal)))
}

/// What helps when debugging, and nothing of token, query or body.
fn report(number: u32, result: &Result<RawResponse, TransportError>, secret: &str) {
    match result {
        Ok(response) => tracing::debug!(
            attempt = number,
            status = response.status(),
            request_id = redaction::request_id(response, secret.as_bytes()),
            answer_bytes = response.body().len(),
            "crm api answered"
        ),
        Err(error) => tracing::warn!(
            attempt = number,
            %error,
            cause = ?core::error::Error::source(error).map(ToString::to_string),
            "crm api did not answer"
        ),
    }
}
