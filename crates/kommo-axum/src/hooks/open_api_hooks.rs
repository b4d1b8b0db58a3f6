//! Webhooks of the Open API.
//!
//! Source: rules O1 to O6 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::time::Duration;

use axum::extract::{FromRef, FromRequest, Request};
use kommo_hooks::{FreshnessWindow, HookKind, OpenApiVerifier, Refusal, Verified};
use kommo_open_api::OpenApiEvent;

use crate::hooks::account_gate::AccountGate;
use crate::hooks::hook_receiver::{Arrival, Door, HookReceiver, Kind, RequestHead, Taken};
use crate::hooks::hook_refused::HookRefused;
use crate::setup::route_counts::Family;

const SIGNATURE: &str = "x-chat-signature";

/// What proves webhooks of the Open API: their signature and, with a window, their time.
#[derive(Debug)]
pub struct OpenApiDoor {
    verifier: OpenApiVerifier,
    window: Option<FreshnessWindow>,
}

impl OpenApiDoor {
    /// Refuses signed times outside a window. Without it a captured webhook stays valid for ever.
    #[must_use]
    pub const fn fresh_within(mut self, window: FreshnessWindow) -> Self {
        self.window = Some(window);
        self
    }

    pub(crate) fn proven<'a>(
        &self,
        arrival: &'a Arrival<()>,
    ) -> Result<Verified<&'a [u8]>, Refusal> {
        let (body, now) = (&arrival.body[..], arrival.head.now);
        let signature = arrival.head.signature(SIGNATURE);
        match self.window {
            Some(window) => self.verifier.verify_fresh(body, signature, window, now),
            None => self.verifier.verify(body, signature, now),
        }
    }
}

impl From<OpenApiVerifier> for OpenApiDoor {
    fn from(verifier: OpenApiVerifier) -> Self {
        Self {
            verifier,
            window: None,
        }
    }
}

/// Receives webhooks of the Open API. The platform waits five seconds for the answer, and sends
/// again what was not answered 200.
pub type OpenApiHooks = HookReceiver<OpenApiDoor>;

impl OpenApiHooks {
    /// A receiver with this verifier, or with an [`OpenApiDoor`], which judges the time too.
    #[must_use]
    pub fn new(verifier: impl Into<OpenApiDoor>) -> Self {
        Self::with(verifier.into(), OpenApiDoor::KIND)
    }
}

impl Door for OpenApiDoor {
    const KIND: Kind = Kind {
        name: "an Open API webhook",
        family: Family::OpenApiHooks,
        body_max_bytes: HookKind::OpenApi.body_max_bytes(),
        body_within: Duration::from_secs(2),
    };
    type Head = ();

    fn check(&self, head: &RequestHead, _: &Arc<AccountGate>) -> Result<(), HookRefused> {
        head.signature(SIGNATURE).text()?;
        Ok(())
    }
}

/// A proven webhook of the Open API, as an argument of a handler whose state has [`OpenApiHooks`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProvenOpenApiHook {
    /// What it reports.
    pub event: Verified<OpenApiEvent>,
}

impl<S> FromRequest<S> for ProvenOpenApiHook
where
    S: Send + Sync,
    OpenApiHooks: FromRef<S>,
{
    type Rejection = HookRefused;

    async fn from_request(request: Request, state: &S) -> Result<Self, HookRefused> {
        OpenApiHooks::from_ref(state)
            .receive(request, async |door, arrival| {
                let event = OpenApiEvent::of(&door.proven(&arrival)?);
                Ok(Taken {
                    event: event.get().kind.name(),
                    value: Self { event },
                })
            })
            .await
    }
}
