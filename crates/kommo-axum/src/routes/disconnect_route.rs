//! `GET disconnect`: proven by its signature, answered at once, and only then looked into.
//!
//! A captured hook is valid for ever (rule X7), so it ends nothing by itself: the keeper probes, at
//! most once in ten minutes.
//!
//! Source: rules X1 to X7 of `docs/protocol.md`.

use alloc::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use kommo_account::{AccountId, ClientId};
use kommo_keeper::{Clock as _, CodeStore, Keeper};
use kommo_oauth::consent::QUERY_MAX_BYTES;
use kommo_oauth::integration::{ClientSecret, ClientSecrets};
use kommo_sign::{DisconnectKey, DisconnectQuery};

use crate::routes::guarded_answer::empty;
use crate::setup::connect::Connect;
use crate::setup::route_counts::Family;

pub(crate) async fn disconnect<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let (status, outcome) = match connect.prove(query).await {
        None => (StatusCode::UNAUTHORIZED, "not-proven"),
        Some(proven) => connect.look_into(proven).await,
    };
    connect.inner.counts.add(Family::DisconnectHooks, outcome);
    if status != StatusCode::OK {
        tracing::warn!(outcome, "a disconnect hook was not taken");
    }
    empty(status)
}

/// A disconnect, and what proved it. No keeper was built for it.
struct Proven {
    client_id: ClientId,
    account_id: AccountId,
    secret: ClientSecret,
}

impl<S: CodeStore> Connect<S> {
    /// The integration of a disconnect. The answer does not say why something is not proven.
    async fn prove(&self, query: &str) -> Option<Proven> {
        if query.len() > QUERY_MAX_BYTES {
            return None;
        }
        let received = DisconnectQuery::parse(query).ok()?;
        let ours = self.inner.credentials().client_id;
        let (client_id, secrets) = if received.client_id() == ours.as_str() {
            (ours, self.client_secrets())
        } else {
            let made = ClientId::parse(received.client_id()).ok()?;
            let on_the_fly = self.inner.settings.on_the_fly.as_ref()?;
            let secret = on_the_fly.sink.secret_of(&made).await?;
            (made, ClientSecrets::new(secret))
        };
        let now = self.inner.now();
        let (account_id, secret) = secrets.candidates(now).find_map(|secret| {
            let key = kommo_sign::ClientSecret::new(secret.expose_secret()).ok()?;
            let key = DisconnectKey::new(&key);
            let number = key.verify_query(client_id.as_str(), query).ok()?;
            Some((AccountId::new(number), secret.clone()))
        })?;
        Some(Proven {
            client_id,
            account_id,
            secret,
        })
    }

    async fn look_into(&self, proven: Proven) -> (StatusCode, &'static str) {
        let Ok(room) = Arc::clone(&self.inner.disconnect_room).try_acquire_owned() else {
            return (StatusCode::SERVICE_UNAVAILABLE, "busy");
        };
        let Some(keeper) = self.keeper_for(&proven).await else {
            return (StatusCode::SERVICE_UNAVAILABLE, "no-keeper");
        };
        let Proven {
            account_id, secret, ..
        } = proven;
        tracing::info!(account = account_id.get(), "a disconnect was reported");
        let notes = self.inner.settings.proof_notes.clone();
        tokio::spawn(async move {
            let now = keeper.clock().now();
            // The keeper raises the alarm if the store fails; the next refresh learns what this
            // would have.
            let _ = keeper.disconnect_reported(account_id).await;
            if let Some(notes) = notes {
                notes.note("disconnect", &secret, now).await;
            }
            drop(room);
        });
        (StatusCode::OK, "proven")
    }

    async fn keeper_for(&self, proven: &Proven) -> Option<Keeper<S>> {
        if proven.client_id == self.inner.credentials().client_id {
            return Some(self.inner.keeper.clone());
        }
        let on_the_fly = self.inner.settings.on_the_fly.as_ref()?;
        on_the_fly.keeper(proven.client_id, &proven.secret).await
    }
}
