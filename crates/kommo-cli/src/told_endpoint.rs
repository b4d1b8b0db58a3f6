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

use crate::progress::Progress;

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
    progress: Progress,
}

impl ToldEndpoint {
    pub(crate) const fn new(
        endpoint: HttpTokenEndpoint,
        latest: LatestRefusal,
        progress: Progress,
    ) -> Self {
        Self {
            endpoint,
            latest,
            progress,
        }
    }
}

/// Why there may be a pause before another try.
fn reason(outcome: &SendOutcome) -> Option<String> {
    match outcome {
        SendOutcome::Answered(TokenAnswer::Granted(_)) => None,
        SendOutcome::Answered(TokenAnswer::Refused(refusal)) => Some(refusal.kind.to_string()),
        _ => Some("the last one had no usable answer".to_owned()),
    }
}

impl TokenEndpoint for ToldEndpoint {
    async fn send(&self, realm: Realm, request: &TokenRequest) -> SendOutcome {
        let outcome = {
            let what = format!(
                "the answer of {} to a token request, at most 20 s",
                request.host()
            );
            let _waiting = self.progress.wait_for(what);
            self.endpoint.send(realm, request).await
        };
        self.progress.note_reason(reason(&outcome));
        self.latest.set(match &outcome {
            SendOutcome::Answered(TokenAnswer::Refused(refusal)) => Some(*refusal),
            _ => None,
        });
        outcome
    }

    async fn locate(&self, realm: Realm, look_up: &SubdomainLookup<'_>) -> Located {
        let _waiting = self
            .progress
            .wait_for("the answer to the question where the account lives");
        self.endpoint.locate(realm, look_up).await
    }

    async fn probe(&self, realm: Realm, host: AccountHost, access_token: &AccessToken) -> Probe {
        let what = format!("the answer of {host} to a question about the account");
        let _waiting = self.progress.wait_for(what);
        self.endpoint.probe(realm, host, access_token).await
    }
}
