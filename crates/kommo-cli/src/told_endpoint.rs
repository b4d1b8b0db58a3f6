//! The token endpoint, with its latest refusal written down: the keeper tells what a refusal means, and an operator also wants to
//! know what was answered.

use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use kommo_account::{AccountHost, Realm};
use kommo_http::HttpTokenEndpoint;
use kommo_keeper::{Probe, TokenEndpoint};
use kommo_oauth::{
    AccessToken, Located, SendOutcome, SubdomainLookup, TokenAnswer, TokenRefusal,
    TokenRefusalKind, TokenRequest,
};

/// The latest refusal. It has a status and a hint that is known, and no text of the peer's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatestRefusal(Arc<Mutex<Option<TokenRefusal>>>);

impl LatestRefusal {
    /// Gives it away: what is asked for later belongs to a later request.
    pub(crate) fn take(&self) -> Option<TokenRefusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, refusal: Option<TokenRefusal>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }
}

/// What a refusal means, and what it was read from.
pub(crate) struct RefusalText {
    pub(crate) kind: TokenRefusalKind,
    /// What came, if it is known.
    pub(crate) came: Option<TokenRefusal>,
}

impl fmt::Display for RefusalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match self.came.filter(|came| came.kind == self.kind) {
            None => Ok(()),
            Some(came) => match came.hint {
                Some(hint) => write!(f, " (status {}, hint \"{}\")", came.status, hint.as_str()),
                None => write!(f, " (status {}, no hint that is known)", came.status),
            },
        }
    }
}

/// The endpoint over HTTP, and where its refusals are written down.
#[derive(Clone, Debug)]
pub(crate) struct ToldEndpoint {
    endpoint: HttpTokenEndpoint,
    latest: LatestRefusal,
}

impl ToldEndpoint {
    pub(crate) const fn new(endpoint: HttpTokenEndpoint, latest: LatestRefusal) -> Self {
        Self { endpoint, latest }
    }
}

impl TokenEndpoint for ToldEndpoint {
    async fn send(&self, realm: Realm, request: &TokenRequest) -> SendOutcome {
        let outcome = self.endpoint.send(realm, request).await;
        self.latest.set(match &outcome {
            SendOutcome::Answered(TokenAnswer::Refused(refusal)) => Some(*refusal),
            _ => None,
        });
        outcome
    }

    async fn locate(&self, realm: Realm, look_up: &SubdomainLookup<'_>) -> Located {
        self.endpoint.locate(realm, look_up).await
    }

    async fn probe(&self, realm: Realm, host: AccountHost, access_token: &AccessToken) -> Probe {
        self.endpoint.probe(realm, host, access_token).await
    }
}
