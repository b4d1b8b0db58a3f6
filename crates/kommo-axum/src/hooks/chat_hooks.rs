//! What receives chat hooks: keys, limits, counters.
//!
//! Source: rules H1 to H7 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::{PoisonError, RwLock};

use axum::RequestPartsExt as _;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use kommo_hooks::{AddressedHook, ChatHookVerifier, ReceivedSignature};
use kommo_keeper::{Clock as _, SystemClock};
use tokio::time::timeout;

use crate::hooks::hook_refused::HookRefused;
use crate::setup::route_counts::{Family, RouteCounts};

const SIGNATURE: &str = "x-signature";
/// The name of the scope id in a route.
const SCOPE: &str = "scope_id";
const BODY_MAX_BYTES: usize = 256 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(2);

/// Receives the chat hooks of a channel. Clones share it.
///
/// Every route for it has the parameter `{scope_id}`, as in the address that the channel was
/// registered with. With the feature `store`, `router` puts hooks into an inbox; without one, take
/// [`ProvenChatHook`](crate::ProvenChatHook) in a handler of your own.
///
/// A sender who proves nothing costs a MAC over a body of at most
/// [`body_max_bytes`](Self::body_max_bytes), or less: without a signature the body is not read.
#[derive(Clone)]
pub struct ChatHooks {
    shared: Arc<Shared>,
    body_max_bytes: usize,
    body_within: Duration,
}

struct Shared {
    verifier: RwLock<Arc<ChatHookVerifier>>,
    clock: SystemClock,
    counts: RouteCounts,
}

impl ChatHooks {
    /// A receiver with this verifier.
    #[must_use]
    pub fn new(verifier: ChatHookVerifier) -> Self {
        Self {
            shared: Arc::new(Shared {
                verifier: RwLock::new(Arc::new(verifier)),
                clock: SystemClock::new(),
                counts: RouteCounts::default(),
            }),
            body_max_bytes: BODY_MAX_BYTES,
            body_within: BODY_WITHIN,
        }
    }

    /// Reads bodies of at most this many bytes; larger ones are answered 413. Default: 256 KiB.
    #[must_use]
    pub const fn body_max_bytes(mut self, bytes: usize) -> Self {
        self.body_max_bytes = bytes;
        self
    }

    /// Waits for a body at most this long; then the answer is 408. Default: 2 seconds. The platform
    /// waits 5 seconds for the answer.
    #[must_use]
    pub const fn body_within(mut self, within: Duration) -> Self {
        self.body_within = within;
        self
    }

    /// Puts another verifier in the place of the one before, for all clones: for a rotation of the
    /// channel secret.
    pub fn set_verifier(&self, verifier: ChatHookVerifier) {
        let mut current = self
            .shared
            .verifier
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(verifier);
    }

    /// How many hooks were taken and refused, by code, as text for Prometheus.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.shared.counts.to_string()
    }

    /// Receives one hook; `take` says what becomes of a proven one. Counts how it ended.
    pub(crate) async fn receive<T>(
        &self,
        request: Request,
        take: impl AsyncFnOnce(AddressedHook<'_>) -> Result<T, HookRefused>,
    ) -> Result<T, HookRefused> {
        let taken = self.prove(request, take).await;
        let outcome = match &taken {
            Ok(_) => "taken",
            // Anyone can send these, any number of times.
            Err(refused @ HookRefused::Refused(_)) => {
                tracing::debug!(code = refused.code(), "a chat hook was refused");
                refused.code()
            }
            Err(refused) => {
                tracing::warn!(code = refused.code(), "a chat hook was not taken");
                refused.code()
            }
        };
        self.count(outcome);
        taken
    }

    pub(crate) fn count(&self, outcome: &'static str) {
        self.shared.counts.add(Family::ChatHooks, outcome);
    }

    async fn prove<T>(
        &self,
        request: Request,
        take: impl AsyncFnOnce(AddressedHook<'_>) -> Result<T, HookRefused>,
    ) -> Result<T, HookRefused> {
        let (mut parts, body) = request.into_parts();
        let scope = scope_in_url(&mut parts).await;
        let values = parts.headers.get_all(SIGNATURE).iter();
        let signature = ReceivedSignature::from_values(values.map(|value| value.as_bytes()));
        signature.text()?;
        let body = self.read(body).await?;
        let now = self.shared.clock.now().get();
        let verifier = self.verifier();
        let hook = verifier.verify_addressed(&body, signature, &scope, now)?;
        take(hook).await
    }

    fn verifier(&self) -> Arc<ChatHookVerifier> {
        let verifier = self.shared.verifier.read();
        Arc::clone(&verifier.unwrap_or_else(PoisonError::into_inner))
    }

    async fn read(&self, body: Body) -> Result<Bytes, HookRefused> {
        let most = self.body_max_bytes;
        // The declared length.
        if body.size_hint().lower() > most as u64 {
            return Err(HookRefused::BodyTooLarge);
        }
        let read = timeout(self.body_within, to_bytes(body, most)).await;
        match read {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) if is_too_large(&error) => Err(HookRefused::BodyTooLarge),
            Ok(Err(_)) => Err(HookRefused::BodyBroken),
            Err(_) => Err(HookRefused::BodyTooSlow),
        }
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    core::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// What is no scope id is refused by the verifier, but only after the signature.
async fn scope_in_url(parts: &mut Parts) -> String {
    let Ok(parameters) = parts.extract::<RawPathParams>().await else {
        return String::new();
    };
    let mut scopes = parameters.iter().filter(|(name, _)| *name == SCOPE);
    scopes
        .next()
        .map(|(_, scope)| scope.to_owned())
        .unwrap_or_default()
}

impl fmt::Debug for ChatHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatHooks")
            .field("verifier", &self.verifier())
            .field("body_max_bytes", &self.body_max_bytes)
            .field("body_within", &self.body_within)
            .finish_non_exhaustive()
    }
}
