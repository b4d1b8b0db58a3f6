//! `POST secrets_uri`: id and secret of an integration that the consent page has just made.
//! Unsigned, so it is accepted only over TLS, for a valid state of ours, once, not for our own
//! integration, and a few times for one user. The answer is 200 exactly: another one, even 204,
//! stops the consent.
//!
//! Source: rule G14 of `docs/protocol.md`.

use core::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::HeaderMap;
use axum::http::{Response, StatusCode};
use kommo_account::ClientId;
use kommo_oauth::integration::ClientSecret;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::application::secret_sink::IntegrationSecrets;
use crate::routes::guarded_answer::empty;
use crate::setup::connect::{Connect, OnTheFly, TlsProof};
use crate::setup::route_counts::Family;
use kommo_keeper::CodeStore;

const BODY_MAX_BYTES: usize = 64 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// What is sent. Other fields were seen, and are left alone.
#[derive(Deserialize)]
struct Received {
    client_id: String,
    #[serde(deserialize_with = "wiped_text")]
    client_secret: Zeroizing<String>,
    #[serde(deserialize_with = "wiped_text")]
    state: Zeroizing<String>,
}

fn wiped_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

pub(crate) async fn secrets<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let (status, outcome) = connect.take_secrets(&parts.headers, body).await;
    connect.inner.counts.add(Family::Secrets, outcome);
    if status != StatusCode::OK {
        tracing::warn!(outcome, "secrets of an integration were not taken");
    }
    empty(status)
}

impl<S: CodeStore> Connect<S> {
    async fn take_secrets(&self, headers: &HeaderMap, body: Body) -> (StatusCode, &'static str) {
        let Some(on_the_fly) = &self.inner.settings.on_the_fly else {
            return (StatusCode::NOT_FOUND, "not-taken");
        };
        if !came_over_tls(on_the_fly, headers) {
            return (StatusCode::FORBIDDEN, "no-tls");
        }
        let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, BODY_MAX_BYTES)).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return (StatusCode::PAYLOAD_TOO_LARGE, "body-too-long"),
            Err(_) => return (StatusCode::REQUEST_TIMEOUT, "too-slow"),
        };
        let Ok(received) = serde_json::from_slice::<Received>(&body) else {
            return (StatusCode::BAD_REQUEST, "unreadable");
        };
        self.keep_secrets(on_the_fly, &received).await
    }

    async fn keep_secrets(
        &self,
        on_the_fly: &OnTheFly<S>,
        received: &Received,
    ) -> (StatusCode, &'static str) {
        let inner = &self.inner;
        let now = inner.now();
        // The state before all else: a sender without a valid one learns nothing.
        let state = inner.sealer.known_state(&received.state);
        let Some(state) = state.filter(|state| state.ends_at >= now) else {
            return (StatusCode::FORBIDDEN, "state-unknown");
        };
        let client_id = ClientId::parse(&received.client_id);
        let client_secret = ClientSecret::new(received.client_secret.as_str());
        let (Ok(client_id), Ok(client_secret)) = (client_id, client_secret) else {
            return (StatusCode::BAD_REQUEST, "unreadable");
        };
        if client_id == inner.credentials().client_id {
            // The consent page never makes an integration that exists.
            return (StatusCode::FORBIDDEN, "own-integration");
        }
        if let Some(owner) = state.owner
            && !inner.owner_room.take(owner, now)
        {
            return (StatusCode::TOO_MANY_REQUESTS, "owner-full");
        }
        if !inner
            .used_for_secrets
            .take(state.digest, state.ends_at, now)
        {
            return (StatusCode::CONFLICT, "state-used");
        }
        let attempt = state.digest.whole_text();
        let secrets = IntegrationSecrets::new(attempt, client_id, client_secret, now);
        match on_the_fly.sink.keep(secrets).await {
            Ok(()) => (StatusCode::OK, "kept"),
            Err(_) => {
                inner
                    .used_for_secrets
                    .give_back(state.digest, state.ends_at);
                (StatusCode::SERVICE_UNAVAILABLE, "not-kept")
            }
        }
    }
}

/// An `http` address can only be one on this machine, of a sandbox.
fn came_over_tls<S>(on_the_fly: &OnTheFly<S>, headers: &HeaderMap) -> bool {
    let address = on_the_fly.integration.secrets_uri().as_str();
    if address.starts_with("http://") {
        return true;
    }
    match on_the_fly.tls {
        TlsProof::OwnListener => true,
        TlsProof::ForwardedProto => {
            let mut told = headers.get_all("x-forwarded-proto").iter();
            matches!((told.next(), told.next()), (Some(proto), None) if proto == "https")
        }
    }
}
