//! The token endpoint over HTTP: what came last is written down, and what is waited for is shown.

use kommo_account::{AccountHost, Realm};
use kommo_http::HttpTokenEndpoint;
use kommo_keeper::{Probe, TokenEndpoint};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{AccessToken, SubdomainLookup, TokenAnswer, TokenRequest};

use crate::run::latest_came::{Came, LatestCame};
use crate::terminal::progress::Progress;

/// The endpoint over HTTP, and where it is written down what came.
#[derive(Clone, Debug)]
pub(crate) struct ObservedEndpoint {
    endpoint: HttpTokenEndpoint,
    latest: LatestCame,
    progress: Progress,
}

impl ObservedEndpoint {
    pub(crate) const fn new(
        endpoint: HttpTokenEndpoint,
        latest: LatestCame,
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

impl TokenEndpoint for ObservedEndpoint {
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
        self.latest.set(Came::of(&outcome));
        outcome
    }

    async fn locate(&self, realm: Realm, look_up: &SubdomainLookup<'_>) -> Located {
        let _waiting = self
            .progress
            .wait_for("the answer to the look-up of the account's host");
        self.endpoint.locate(realm, look_up).await
    }

    async fn probe(&self, realm: Realm, host: AccountHost, access_token: &AccessToken) -> Probe {
        let what = format!("the answer of {host} to a question about the account");
        let _waiting = self.progress.wait_for(what);
        self.endpoint.probe(realm, host, access_token).await
    }
}
