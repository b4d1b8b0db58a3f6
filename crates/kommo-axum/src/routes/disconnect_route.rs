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

use crate::exchange::look_up_room::NoRoom;
use crate::routes::guarded_answer::empty;
use crate::setup::connect::Connect;
use crate::setup::route_counts::Family;

pub(crate) async fn disconnect<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let (status, outcome) = match connect.prove(query).await {
        Err(not_taken) => not_taken,
        Ok(proven) => connect.look_into(proven).await,
    };
    connect.inner.counts.add(Family::DisconnectHooks, outcome);
    if status != StatusCode::OK {
        tracing::warn!(outcome, "a disconnect hook was not taken");
    }
    empty(status)
}

/// The answer to one that is not taken, and its name in the counts.
type NotTaken = (StatusCode, &'static str);

const NOT_PROVEN: NotTaken = (StatusCode::UNAUTHORIZED, "not-proven");

/// A disconnect, and what proved it. No keeper was built for it.
struct Proven {
    client_id: ClientId,
    account_id: AccountId,
    secret: ClientSecret,
}

impl<S: CodeStore> Connect<S> {
    /// The integration of a disconnect. The answer does not say why something is not proven.
    ///
    /// What costs nothing comes first: the shape, and the application's own integration. For the
    /// others the sink is asked, a few at once and not for long. A flood of forged hooks does not
    /// shut out those that the secret of a kept keeper proves: they are looked up apart, in case
    /// that the secret was replaced.
    async fn prove(&self, query: &str) -> Result<Proven, NotTaken> {
        if query.len() > QUERY_MAX_BYTES {
            return Err(NOT_PROVEN);
        }
        let received = DisconnectQuery::parse(query).map_err(|_| NOT_PROVEN)?;
        let ours = self.inner.credentials().client_id;
        if received.client_id() == ours.as_str() {
            let proven = self.proven_by(&self.client_secrets(), ours, query);
            return proven.ok_or(NOT_PROVEN);
        }
        let made = ClientId::parse(received.client_id()).map_err(|_| NOT_PROVEN)?;
        let on_the_fly = self.inner.settings.on_the_fly.as_ref().ok_or(NOT_PROVEN)?;
        let proven_by = |secret: Option<ClientSecret>| {
            let secrets = ClientSecrets::new(secret?);
            self.proven_by(&secrets, made, query)
        };
        let kept = proven_by(on_the_fly.keepers.secret_of(made));
        let look_ups = match &kept {
            Some(_) => &self.inner.kept_look_ups,
            None => &self.inner.disconnect_look_ups,
        };
        let asked = async { on_the_fly.sink.secret_of(&made).await };
        match look_ups.ask(asked).await {
            Ok(secret) => proven_by(secret).ok_or(NOT_PROVEN),
            Err(NoRoom) => kept.ok_or((StatusCode::SERVICE_UNAVAILABLE, "too-many")),
        }
    }

    /// The disconnect of this query, if one of the secrets proves it.
    fn proven_by(
        &self,
        secrets: &ClientSecrets,
        client_id: ClientId,
        query: &str,
    ) -> Option<Proven> {
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
