//! `GET disconnect`: proven by its signature, answered at once, and only then looked into.
//!
//! A captured hook is valid for ever (rule X7), so it ends nothing by itself: the keeper probes, at
//! most once in ten minutes.
//!
//! Source: rules X1 to X7 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use kommo_account::ClientId;
use kommo_hooks::{DisconnectVerifier, Disconnected, Refusal, RefusalKind, Verified};
use kommo_keeper::{Clock as _, CodeStore, Keeper};
use kommo_oauth::consent::QUERY_MAX_BYTES;
use kommo_oauth::integration::{ClientSecret, ClientSecrets};
use kommo_sign::{DisconnectKey, DisconnectQuery, KeyId, KeyRing};
use tokio::time::timeout;

use crate::exchange::look_up_room::NoRoom;
use crate::routes::guarded_answer::empty;
use crate::setup::connect::Connect;
use crate::setup::route_counts::Family;

/// How long the platform waits is not published; it waits 3 seconds for the answer to an install
/// hook.
const ANSWER_WITHIN: Duration = Duration::from_millis(2_500);

pub(crate) async fn disconnect<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let judged = timeout(ANSWER_WITHIN, connect.judge(query)).await;
    let (status, outcome) = judged.unwrap_or(TOO_SLOW);
    connect.inner.counts.add(Family::DisconnectHooks, outcome);
    match status {
        StatusCode::OK => {}
        StatusCode::SERVICE_UNAVAILABLE => {
            tracing::warn!(outcome, "a disconnect hook was not taken");
        }
        // Anyone can send these, any number of times.
        _ => tracing::debug!(outcome, "a disconnect hook was refused"),
    }
    empty(status)
}

/// An answer, and its name in the counts.
type Judged = (StatusCode, &'static str);

const TOO_SLOW: Judged = (StatusCode::SERVICE_UNAVAILABLE, "too-slow");
const TOO_LARGE: Judged = (StatusCode::PAYLOAD_TOO_LARGE, "too-large");
const NOT_PROVEN: Judged = (StatusCode::UNAUTHORIZED, "not-proven");

const fn refused(refusal: &Refusal) -> Judged {
    match refusal.kind() {
        RefusalKind::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
        _ => NOT_PROVEN,
    }
}

/// A disconnect, and the secret that proved it. No keeper was built for it.
struct Proven {
    hook: Verified<Disconnected>,
    secret: ClientSecret,
}

impl<S: CodeStore> Connect<S> {
    async fn judge(&self, query: &str) -> Judged {
        match self.prove(query).await {
            Err(not_taken) => not_taken,
            Ok(proven) => self.look_into(proven).await,
        }
    }

    /// The integration of a disconnect. The answer does not say why something is not proven.
    ///
    /// What costs nothing comes first: the shape, and the application's own integration. For the
    /// others the sink is asked, a few at once and not for long. A flood of forged hooks does not
    /// shut out those that the secret of a kept keeper proves: they are looked up apart, in case
    /// that the secret was replaced.
    async fn prove(&self, query: &str) -> Result<Proven, Judged> {
        if query.len() > QUERY_MAX_BYTES {
            return Err(TOO_LARGE);
        }
        let ours = self.inner.credentials().client_id;
        // Its refusal of what is not our own integration's is the answer only if no other may be.
        let own = self.proven_by(&self.client_secrets(), ours, query);
        if !matches!(own, Err(Refusal::OtherClient)) {
            return own.map_err(|refusal| refused(&refusal));
        }
        let named = DisconnectQuery::parse(query).map_err(|_| NOT_PROVEN)?;
        let made = ClientId::parse(named.client_id()).map_err(|_| NOT_PROVEN)?;
        let on_the_fly = self.inner.settings.on_the_fly.as_ref().ok_or(NOT_PROVEN)?;
        let proven_by = |secret: Option<ClientSecret>| {
            let secrets = ClientSecrets::new(secret?);
            self.proven_by(&secrets, made, query).ok()
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
    ) -> Result<Proven, Refusal> {
        let now = self.inner.now();
        let mut refusal = Refusal::NoLiveKey;
        for secret in secrets.candidates(now) {
            match verifier(client_id, secret).verify(query, now.get()) {
                Ok(hook) => {
                    let secret = secret.clone();
                    return Ok(Proven { hook, secret });
                }
                Err(refused) => refusal = refused,
            }
        }
        Err(refusal)
    }

    async fn look_into(&self, proven: Proven) -> Judged {
        let Ok(room) = Arc::clone(&self.inner.disconnect_room).try_acquire_owned() else {
            return (StatusCode::SERVICE_UNAVAILABLE, "busy");
        };
        let Some(keeper) = self.keeper_for(&proven).await else {
            return (StatusCode::SERVICE_UNAVAILABLE, "no-keeper");
        };
        let (account_id, secret) = (proven.hook.get().account_id, proven.secret);
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
        let client_id = proven.hook.get().client_id;
        if client_id == self.inner.credentials().client_id {
            return Some(self.inner.keeper.clone());
        }
        let on_the_fly = self.inner.settings.on_the_fly.as_ref()?;
        on_the_fly.keeper(client_id, &proven.secret).await
    }
}

/// One secret at a time: which one proved the hook is noted.
fn verifier(client_id: ClientId, secret: &ClientSecret) -> DisconnectVerifier<1> {
    let mut keys = KeyRing::new();
    let key = kommo_sign::ClientSecret::new(secret.expose_secret());
    if let (Ok(key), Ok(id)) = (key, KeyId::parse("secret")) {
        // INVARIANT: an empty ring has room for one.
        let _ = keys.insert(id, DisconnectKey::new(&key), None);
    }
    DisconnectVerifier::new(client_id, keys)
}
