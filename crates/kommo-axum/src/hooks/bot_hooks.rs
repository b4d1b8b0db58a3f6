//! Requests of bots: a token, which is proven, around data, which is not.
//!
//! Source: rules J2 to J11 and U5 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use axum::extract::{FromRef, FromRequest, Request};
use kommo_hooks::unsigned::UnsignedBotRequest;
use kommo_hooks::{BotToken, BotTokenVerifier, HookKind, Refusal, ReturnUrl, Verified};

use crate::hooks::account_gate::AccountGate;
use crate::hooks::hook_receiver::{Arrival, Door, HookReceiver, Kind, RequestHead, Taken};
use crate::hooks::hook_refused::HookRefused;
use crate::setup::route_counts::Family;

/// Receives the requests of bots (`widget_request`). The platform waits two seconds for the answer,
/// and the bot then waits until it is continued at the return URL.
///
/// The token is in the body, so the body of a stranger is read, up to 64 KiB.
pub type BotHooks = HookReceiver<BotTokenVerifier>;

impl BotHooks {
    /// A receiver with this verifier.
    #[must_use]
    pub fn new(verifier: BotTokenVerifier) -> Self {
        Self::with(verifier, BotTokenVerifier::KIND)
    }
}

impl Door for BotTokenVerifier {
    const KIND: Kind = Kind {
        name: "a request of a bot",
        family: Family::BotHooks,
        body_max_bytes: HookKind::BotToken.body_max_bytes(),
        body_within: Duration::from_secs(1),
    };
    type Head = ();

    fn check(&self, _: &RequestHead, _: &Arc<AccountGate>) -> Result<(), HookRefused> {
        Ok(())
    }
}

/// A request of a bot whose token is proven, and whose return URL is that of its account. As an
/// argument of a handler whose state has [`BotHooks`], or of a handler of the inbox.
///
/// A repeat of a request has the same [`continue_id`](ReturnUrl::continue_id).
#[derive(Clone)]
#[non_exhaustive]
pub struct BotCall {
    /// Who asks.
    pub token: Verified<BotToken>,
    /// Where the bot waits: the only address that an access token may be sent to for it.
    pub return_url: ReturnUrl,
    /// What the widget put into the step. **It is not signed.**
    pub unsigned: UnsignedBotRequest,
}

impl BotCall {
    /// Proves a body, as of this time in Unix seconds.
    pub(crate) fn prove(
        verifier: &BotTokenVerifier,
        body: &[u8],
        now: u64,
    ) -> Result<Self, HookRefused> {
        let unsigned = UnsignedBotRequest::parse(body).ok_or(Refusal::BodyMalformed)?;
        let token = verifier.verify(&unsigned.token, now)?;
        let return_url = ReturnUrl::check(&token, &unsigned.return_url)?;
        Ok(Self {
            token,
            return_url,
            unsigned,
        })
    }

    /// Proves what arrived, within the bounds of its account.
    pub(crate) fn arrived(
        verifier: &BotTokenVerifier,
        arrival: &Arrival<()>,
    ) -> Result<Self, HookRefused> {
        let call = Self::prove(verifier, &arrival.body, arrival.head.now)?;
        let account = call.token.get().account_id;
        arrival.gate.enter(account, arrival.head.now)?;
        Ok(call)
    }
}

impl fmt::Debug for BotCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotCall")
            .field("token", &self.token)
            .field("return_url", &self.return_url)
            .finish_non_exhaustive()
    }
}

/// The name of the event, in counters and in the inbox.
pub(crate) const EVENT: &str = "widget-request";

impl<S> FromRequest<S> for BotCall
where
    S: Send + Sync,
    BotHooks: FromRef<S>,
{
    type Rejection = HookRefused;

    async fn from_request(request: Request, state: &S) -> Result<Self, HookRefused> {
        BotHooks::from_ref(state)
            .receive(request, async |verifier, arrival| {
                let value = Self::arrived(verifier, &arrival)?;
                Ok(Taken {
                    value,
                    event: EVENT,
                })
            })
            .await
    }
}
