//! What receives hooks of one kind: what proves them, limits, clock, counters. The order is the
//! same for every kind:
//!
//! ```text
//!   head: what is refused without the body ──> body, cut by size and time ──> proof ──> taken
//! ```

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::{PoisonError, RwLock};

use axum::RequestPartsExt as _;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use kommo_hooks::ReceivedSignature;
use kommo_keeper::{Clock as _, SystemClock};
use tokio::time::timeout;

use crate::hooks::account_gate::AccountGate;
use crate::hooks::hook_refused::HookRefused;
use crate::setup::route_counts::{Family, RouteCounts};

/// Receives the hooks of one kind, which `V` proves. Clones share verifier and counters.
///
/// Use it by the name of the kind: [`ChatHooks`](crate::ChatHooks),
/// [`BotHooks`](crate::BotHooks), [`CrmHooks`](crate::CrmHooks), and, with the feature `open-api`,
/// `OpenApiHooks`. With the feature `store`, `router` puts hooks into an inbox before the answer;
/// without one, take the extractor of the kind as an argument of a handler of your own.
///
/// A sender who proves nothing costs one proof over a body of at most
/// [`body_max_bytes`](Self::body_max_bytes), or less: what can be refused by its head is refused
/// without reading the body.
pub struct HookReceiver<V> {
    shared: Arc<Shared<V>>,
    limits: Limits,
}

struct Shared<V> {
    verifier: RwLock<Arc<V>>,
    clock: SystemClock,
    counts: RouteCounts,
    gate: Arc<AccountGate>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    body_max_bytes: usize,
    body_within: Duration,
}

/// What is special about a kind of hook.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// For logs.
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) body_max_bytes: usize,
    pub(crate) body_within: Duration,
}

/// What proves the hooks of a kind.
pub(crate) trait Door: Send + Sync + 'static {
    const KIND: Kind;
    /// What was found without the body.
    type Head: Send;

    /// Refuses what can be refused without the body.
    fn check(&self, head: &RequestHead, gate: &Arc<AccountGate>)
    -> Result<Self::Head, HookRefused>;
}

/// A request without its body.
pub(crate) struct RequestHead {
    pub(crate) parts: Parts,
    parameters: Option<RawPathParams>,
    /// Unix seconds.
    pub(crate) now: u64,
}

impl RequestHead {
    /// A parameter of the route; empty if there is none that can be read.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let mut all = self.parameters.iter().flat_map(RawPathParams::iter);
        let found = all.find(|(own, _)| *own == name);
        found.map(|(_, value)| value).unwrap_or_default()
    }

    /// The end of the path, for routers that have no such parameters.
    pub(crate) fn last_segment(&self) -> &str {
        self.parts.uri.path().rsplit('/').next().unwrap_or_default()
    }

    /// The signature in this header. What came twice is refused.
    pub(crate) fn signature(&self, name: &str) -> ReceivedSignature<'_> {
        let values = self.parts.headers.get_all(name).iter();
        ReceivedSignature::from_values(values.map(|value| value.as_bytes()))
    }
}

/// A request whose head was not refused, with its body.
pub(crate) struct Arrival<H> {
    pub(crate) head: RequestHead,
    pub(crate) found: H,
    pub(crate) body: Bytes,
    pub(crate) gate: Arc<AccountGate>,
}

/// What became of a hook that was proven: a value, and the name of the event for the counters.
pub(crate) struct Taken<T> {
    pub(crate) value: T,
    pub(crate) event: &'static str,
}

/// The event that no type describes, in every kind.
const UNKNOWN: &str = "unknown";

impl<V> HookReceiver<V> {
    pub(crate) fn with(verifier: V, kind: Kind) -> Self {
        Self {
            shared: Arc::new(Shared {
                verifier: RwLock::new(Arc::new(verifier)),
                clock: SystemClock::new(),
                counts: RouteCounts::default(),
                gate: Arc::default(),
            }),
            limits: Limits {
                body_max_bytes: kind.body_max_bytes,
                body_within: kind.body_within,
            },
        }
    }

    /// Reads bodies of at most this many bytes; larger ones are answered 413. Default: 256 KiB;
    /// 512 KiB for hooks of the CRM, 64 KiB for those of bots.
    #[must_use]
    pub fn body_max_bytes(mut self, bytes: usize) -> Self {
        self.limits.body_max_bytes = bytes;
        self
    }

    /// Waits for a body at most this long; then the answer is 408. Default: 2 seconds, or 1 where
    /// the platform waits 2 seconds for the answer.
    #[must_use]
    pub fn body_within(mut self, within: Duration) -> Self {
        self.limits.body_within = within;
        self
    }

    /// Puts another verifier in the place of the one before, for all clones: for a rotation of the
    /// secret.
    pub fn set_verifier(&self, verifier: V) {
        let current = self.shared.verifier.write();
        *current.unwrap_or_else(PoisonError::into_inner) = Arc::new(verifier);
    }

    /// How many hooks were taken and refused, by code, as text for Prometheus. Events that no type
    /// describes are taken, and counted as `taken-unknown`.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.shared.counts.to_string()
    }

    pub(crate) fn verifier(&self) -> Arc<V> {
        let verifier = self.shared.verifier.read();
        Arc::clone(&verifier.unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn now(&self) -> u64 {
        self.shared.clock.now().get()
    }

    pub(crate) async fn read(&self, body: Body) -> Result<Bytes, HookRefused> {
        let most = self.limits.body_max_bytes;
        // The declared length.
        if body.size_hint().lower() > most as u64 {
            return Err(HookRefused::BodyTooLarge);
        }
        match timeout(self.limits.body_within, to_bytes(body, most)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) if is_too_large(&error) => Err(HookRefused::BodyTooLarge),
            Ok(Err(_)) => Err(HookRefused::BodyBroken),
            Err(_) => Err(HookRefused::BodyTooSlow),
        }
    }
}

impl<V> HookReceiver<V> {
    /// Receives one hook; `take` proves it and says what becomes of it. Counts how it ended.
    pub(crate) async fn receive<T>(
        &self,
        request: Request,
        take: impl AsyncFnOnce(&V, Arrival<V::Head>) -> Result<Taken<T>, HookRefused>,
    ) -> Result<T, HookRefused>
    where
        V: Door,
    {
        match self.arrive(request, take).await {
            Ok(taken) => {
                let is_known = taken.event != UNKNOWN;
                let outcome = if is_known { "taken" } else { "taken-unknown" };
                self.count(V::KIND.family, outcome);
                Ok(taken.value)
            }
            Err(refused) => {
                self.refuse(&refused);
                Err(refused)
            }
        }
    }

    async fn arrive<T>(
        &self,
        request: Request,
        take: impl AsyncFnOnce(&V, Arrival<V::Head>) -> Result<Taken<T>, HookRefused>,
    ) -> Result<Taken<T>, HookRefused>
    where
        V: Door,
    {
        let (parts, body) = request.into_parts();
        let head = head_of(parts, self.now()).await;
        let verifier = self.verifier();
        let found = verifier.check(&head, &self.shared.gate)?;
        let arrival = Arrival {
            head,
            found,
            body: self.read(body).await?,
            gate: Arc::clone(&self.shared.gate),
        };
        take(&verifier, arrival).await
    }

    /// Counts a refusal and logs it.
    pub(crate) fn refuse(&self, refused: &HookRefused)
    where
        V: Door,
    {
        refused.log(V::KIND.name);
        self.count(V::KIND.family, refused.code());
    }

    fn count(&self, family: Family, outcome: &'static str) {
        self.shared.counts.add(family, outcome);
    }
}

pub(crate) async fn head_of(mut parts: Parts, now: u64) -> RequestHead {
    let parameters = parts.extract::<RawPathParams>().await.ok();
    RequestHead {
        parts,
        parameters,
        now,
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    core::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

impl<V> Clone for HookReceiver<V> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            limits: self.limits,
        }
    }
}

impl<V: fmt::Debug> fmt::Debug for HookReceiver<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookReceiver")
            .field("verifier", &self.verifier())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
