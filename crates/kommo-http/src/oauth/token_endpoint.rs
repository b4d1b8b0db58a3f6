//! The token endpoint over HTTP: each request once, on a connection of its own.
//!
//! What became of a request decides whether a grant is in doubt, so the ways of not getting an
//! answer are kept apart:
//!
//! ```text
//! the platform blocks ────────────────────────────> Withheld  not a byte, and none for hours
//! wrong realm · no name · no connection · no TLS ──> NotSent   not a byte of the request has left
//! anything later ─────────────────────────────────> Lost      it may have been carried out
//! ```

use core::fmt;
use core::time::Duration;

use kommo_account::{AccountHost, ClientId, EndpointRole, Endpoints, Realm, Target};
use kommo_keeper::{Clock, Probe, SharedClock, SystemClock, TokenEndpoint};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, RequestOrigin, SubdomainAnswer, SubdomainLookup, TokenAnswer, TokenRequest,
    read_subdomain_answer, read_token_answer,
};
use kommo_sign::{RequestMethod, RequestPath};
use tracing::Instrument;

use crate::budget::breaker::Standing;
use crate::budget::request_budget::RequestBudget;
use crate::error::{BuildError, InvalidRequest, TransportError};
use crate::oauth::account_probe::{self, ACCOUNT_PATH};
use crate::oauth::counted_request::CountedRequest;
use crate::oauth::token_log;
use crate::secrets::bearer;
use crate::transport::builder::TransportBuilder;
use crate::transport::client::Transport;
use crate::transport::outgoing_request::OutgoingRequest;
use crate::transport::raw_response::RawResponse;

/// How long a request waits for the budget. A grant's lock is held meanwhile, so it is short; a
/// request that was not admitted in time is not sent, and comes again.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Exchanges codes, refreshes pairs, looks accounts up and probes tokens, for [`kommo_keeper`].
///
/// Each call sends one request at most. No idle connection is used again, nothing is repeated, no
/// redirect is followed. It serves the one realm of its endpoints; for another realm nothing is
/// sent.
///
/// Source: rules K1, K3, K12 and M5 of `docs/protocol.md`.
///
/// # Security
///
/// A token request goes to the [`AccountHost`] that it names and a look-up to its
/// [`ApiDomain`](kommo_account::ApiDomain), through [`Endpoints`], and nowhere else. No body, token
/// or header is logged. Of a refusal, status, known hint, request id and the first eight
/// hexadecimal digits of the SHA-256 of the refresh token are.
#[derive(Clone)]
pub struct HttpTokenEndpoint {
    transport: Transport,
    endpoints: Endpoints,
    clock: SharedClock,
    budget: Option<(RequestBudget, ClientId)>,
}

impl HttpTokenEndpoint {
    /// An endpoint with its own connections and the clock of this machine. The builder's time
    /// limits apply; its defaults, 5 s and 20 s, suit.
    ///
    /// A grant's lock is held during a request, and its session in a PostgreSQL store of
    /// `kommo-store` is silent as long: for the wait for the budget, at most 10 s (see
    /// [`with_budget`](Self::with_budget)), and the total timeout. The server ends the session
    /// after three times `StoreSettings::request_limit`, by default 60 s. So a longer
    /// [`total_timeout`](TransportBuilder::total_timeout) needs a `request_limit` that is as long
    /// at least.
    ///
    /// # Errors
    ///
    /// [`BuildError`], from the builder.
    pub fn new(transport: TransportBuilder, endpoints: Endpoints) -> Result<Self, BuildError> {
        Ok(Self {
            transport: transport.without_idle_connections().build()?,
            endpoints,
            clock: SharedClock::new(SystemClock::new()),
            budget: None,
        })
    }

    /// Takes the time of answers from another clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self {
            clock: SharedClock::new(clock),
            ..self
        }
    }

    /// Counts the requests of an integration in a budget, ahead of the calls that wait in it. A
    /// request waits for the budget, at most 10 s. One that had to wait longer is not sent; a
    /// shared bucket that is slow to answer counts as waiting, though it is not cut off. Exchanges
    /// that anyone may have ordered have a part of the budget
    /// ([`strangers`](crate::BudgetSettings::strangers)).
    ///
    /// While the breaker is open because of a block, no token request, probe or look-up is sent:
    /// [`SendOutcome::Withheld`], an inconclusive probe, no host. When the block's time is over,
    /// one of them may be the trial. The pauses of 429s stop calls alone, which wait for the token:
    /// the keeper has holds of its own for them.
    ///
    /// The breaker learns what a token request or a probe meets: a 429, a block, or an answer in
    /// JSON; of the exchange of a code, whose host a stranger may have chosen, only that it
    /// succeeded ([`RequestOrigin`]). What a look-up meets it does not learn, since that goes to a
    /// host that does not belong to an account. Without this nothing is counted.
    /// [`look_up`](Self::look_up) by itself is not counted either.
    #[must_use]
    pub fn with_budget(self, budget: RequestBudget, client_id: ClientId) -> Self {
        Self {
            budget: Some((budget, client_id)),
            ..self
        }
    }

    /// Looks up where an account lives, with what the answer said. The refresh token is not spent.
    ///
    /// # Errors
    ///
    /// [`TransportError`]; a look-up for another realm is [`InvalidRequest::Realm`].
    pub async fn look_up(
        &self,
        realm: Realm,
        look_up: &SubdomainLookup<'_>,
    ) -> Result<SubdomainAnswer, TransportError> {
        let target = self.target(realm, look_up.role())?;
        let path = RequestPath::parse(look_up.path()).map_err(InvalidRequest::Path)?;
        let mut outgoing = OutgoingRequest::new(RequestMethod::GET, path);
        let headers = look_up.expose_headers();
        for (name, value) in headers {
            outgoing = match name {
                "accept" => outgoing.with_header(name, value),
                _ => outgoing.with_sensitive_header(name, value),
            };
        }
        let response = self.transport.send(&target, &outgoing).await?;
        Ok(read_subdomain_answer(response.status(), response.body()))
    }

    fn target(&self, realm: Realm, role: EndpointRole) -> Result<Target, InvalidRequest> {
        if realm == self.endpoints.realm() {
            Ok(self.endpoints.resolve(role))
        } else {
            Err(InvalidRequest::Realm)
        }
    }

    /// Whether the budget admits a request in time.
    async fn has_place(&self, host: AccountHost) -> bool {
        match &self.budget {
            Some((budget, client_id)) => budget.take_ahead(*client_id, host, LONGEST_WAIT).await,
            None => true,
        }
    }

    /// The same for a request that anyone may have ordered.
    async fn has_place_for_strangers(&self, host: AccountHost) -> bool {
        let Some((budget, client_id)) = &self.budget else {
            return true;
        };
        let admitted = budget.take_ahead_for_strangers(*client_id, host, LONGEST_WAIT);
        admitted.await
    }

    /// To be made before the request leaves.
    ///
    /// # Errors
    ///
    /// Blocked: how long nothing is to be sent.
    async fn counted(
        &self,
        host: AccountHost,
        standing: Standing,
    ) -> Result<Option<CountedRequest<'_>>, Duration> {
        let Some((budget, _)) = &self.budget else {
            return Ok(None);
        };
        let permit = budget.admit_token(host, standing, LONGEST_WAIT).await?;
        Ok(Some(CountedRequest { budget, permit }))
    }

    async fn send_once(
        &self,
        realm: Realm,
        request: &TokenRequest,
    ) -> Result<RawResponse, TransportError> {
        let target = self.target(realm, request.role())?;
        let method = RequestMethod::parse(request.method()).map_err(|_| InvalidRequest::Method)?;
        let path = RequestPath::parse(request.path()).map_err(InvalidRequest::Path)?;
        let mut outgoing = OutgoingRequest::new(method, path).with_body(request.body());
        for (name, value) in request.headers() {
            outgoing = outgoing.with_header(name, value);
        }
        self.transport.send(&target, &outgoing).await
    }

    fn outcome(&self, result: &Result<RawResponse, TransportError>) -> SendOutcome {
        // The time of the answer: read when the whole of it is there.
        let now = self.clock.now();
        match result {
            Ok(response) => {
                let retry_after = response.retry_after();
                SendOutcome::Answered(read_token_answer(
                    response.status(),
                    response.content_type(),
                    retry_after.map(|pause| pause.as_secs()),
                    response.body(),
                    now,
                ))
            }
            // A refusal stays one, however long it is; its hint is not read.
            Err(TransportError::BodyTooLarge { status, .. }) => {
                match read_token_answer(*status, None, None, &[], now) {
                    refused @ TokenAnswer::Refused(_) => SendOutcome::Answered(refused),
                    _ => SendOutcome::Lost,
                }
            }
            // The same; and nothing says that it was a page, as a block is.
            Err(TransportError::Coded { status, .. }) => {
                match read_token_answer(*status, Some("application/json"), None, b"{}", now) {
                    refused @ TokenAnswer::Refused(_) => SendOutcome::Answered(refused),
                    _ => SendOutcome::Lost,
                }
            }
            Err(
                TransportError::Invalid(_) | TransportError::Connect(_) | TransportError::Tls(_),
            ) => SendOutcome::NotSent,
            Err(TransportError::Timeout(_) | TransportError::Cut(_)) => SendOutcome::Lost,
        }
    }

    async fn probe_once(
        &self,
        realm: Realm,
        host: AccountHost,
        access_token: &AccessToken,
    ) -> Result<RawResponse, TransportError> {
        let target = self.target(realm, EndpointRole::Account(host))?;
        let path = RequestPath::parse(ACCOUNT_PATH).map_err(InvalidRequest::Path)?;
        let authorization = bearer::authorization(access_token);
        let outgoing = OutgoingRequest::new(RequestMethod::GET, path)
            .with_sensitive_header("authorization", &authorization);
        self.transport.send(&target, &outgoing).await
    }
}

/// What a block page in answer to a request would be evidence of.
const fn standing(origin: RequestOrigin) -> Standing {
    match origin {
        RequestOrigin::KnownAccount => Standing::Known,
        RequestOrigin::OtherGrant => Standing::Unproven,
        // A later origin is not trusted before this line knows it.
        _ => Standing::Stranger,
    }
}

impl TokenEndpoint for HttpTokenEndpoint {
    async fn send(&self, realm: Realm, request: &TokenRequest) -> SendOutcome {
        let span = tracing::info_span!(
            "token_request",
            grant_type = request.grant_type().as_str(),
            host = request.host().as_str()
        );
        async {
            if realm != self.endpoints.realm() {
                tracing::error!("request of another realm, nothing sent");
                return SendOutcome::NotSent;
            }
            let has_place = match request.origin().is_strangers() {
                true => self.has_place_for_strangers(*request.host()).await,
                false => self.has_place(*request.host()).await,
            };
            if !has_place {
                tracing::warn!("not admitted by the request budget in time, nothing sent");
                return SendOutcome::NotSent;
            }
            let standing = standing(request.origin());
            let counted = match self.counted(*request.host(), standing).await {
                Ok(counted) => counted,
                Err(left) => {
                    tracing::warn!(left_seconds = left.as_secs(), "blocked, nothing sent");
                    return SendOutcome::Withheld { left };
                }
            };
            let result = self.send_once(realm, request).await;
            if let Some(counted) = counted {
                counted.report(&result);
            }
            let outcome = self.outcome(&result);
            token_log::report(&result, &outcome, request.body());
            outcome
        }
        .instrument(span)
        .await
    }

    async fn locate(&self, realm: Realm, look_up: &SubdomainLookup<'_>) -> Located {
        if let Some((budget, _)) = &self.budget
            && (budget.is_egress_blocked() || !budget.take_egress_ahead(LONGEST_WAIT).await)
        {
            return Located::Unknown;
        }
        match self.look_up(realm, look_up).await {
            Ok(SubdomainAnswer::Found { account_id, host }) => Located::At { account_id, host },
            Ok(answer) => {
                tracing::warn!(domain = look_up.domain().as_str(), ?answer, "no host found");
                Located::Unknown
            }
            Err(error) => {
                tracing::warn!(domain = look_up.domain().as_str(), %error, "no host found");
                Located::Unknown
            }
        }
    }

    async fn probe(&self, realm: Realm, host: AccountHost, access_token: &AccessToken) -> Probe {
        if realm != self.endpoints.realm() || !self.has_place(host).await {
            return Probe::Inconclusive;
        }
        let Ok(counted) = self.counted(host, Standing::Unproven).await else {
            return Probe::Inconclusive;
        };
        let result = self.probe_once(realm, host, access_token).await;
        if let Some(counted) = counted {
            counted.report(&result);
        }
        result.map_or(Probe::Inconclusive, |response| {
            account_probe::read(&response)
        })
    }
}

impl fmt::Debug for HttpTokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTokenEndpoint")
            .field("transport", &self.transport)
            .field("realm", &self.endpoints.realm())
            .field("has_budget", &self.budget.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "the parts of a test outside its function may end it too"
)]
mod tests {
    use kommo_account::Endpoints;
    use kommo_oauth::refresh::SendOutcome;

    use super::HttpTokenEndpoint;
    use crate::error::{Cause, InvalidRequest, TransportError};
    use crate::transport::builder::TransportBuilder;

    fn outcome(error: TransportError) -> SendOutcome {
        let endpoint = HttpTokenEndpoint::new(TransportBuilder::new(), Endpoints::real()).unwrap();
        endpoint.outcome(&Err(error))
    }

    // The tests of the transport have an untrusted certificate and a missing listener.
    #[test]
    fn only_what_certainly_did_not_leave_was_not_sent() {
        let cause = || Cause::of(&core::fmt::Error);
        for error in [
            TransportError::Invalid(InvalidRequest::Realm),
            TransportError::Connect(cause()),
            TransportError::Tls(cause()),
        ] {
            assert!(!error.is_in_doubt());
            assert_eq!(outcome(error), SendOutcome::NotSent);
        }
        for error in [
            TransportError::Timeout(cause()),
            TransportError::Cut(cause()),
            TransportError::BodyTooLarge {
                status: 200,
                limit_bytes: 1,
            },
            TransportError::BodyTooLarge {
                status: 503,
                limit_bytes: 1,
            },
        ] {
            assert!(error.is_in_doubt());
            assert_eq!(outcome(error), SendOutcome::Lost);
        }
    }
}
