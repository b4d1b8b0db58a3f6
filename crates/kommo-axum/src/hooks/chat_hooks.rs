//! Chat hooks.
//!
//! Source: rules H1 to H7 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_hooks::{AddressedHook, ChatHookVerifier, HookKind};

use crate::hooks::account_gate::AccountGate;
use crate::hooks::hook_receiver::{Arrival, Door, HookReceiver, Kind, RequestHead};
use crate::hooks::hook_refused::HookRefused;
use crate::setup::route_counts::Family;

pub(crate) const SIGNATURE: &str = "x-signature";
/// The name of the scope id in a route.
const SCOPE: &str = "scope_id";

/// Receives the chat hooks of a channel.
///
/// Every route for it has the parameter `{scope_id}`, or the scope id at its end, as in the address
/// that the channel was registered with. The platform sends a hook once and waits five seconds for
/// the answer.
pub type ChatHooks = HookReceiver<ChatHookVerifier>;

impl ChatHooks {
    /// A receiver with this verifier.
    #[must_use]
    pub fn new(verifier: ChatHookVerifier) -> Self {
        Self::with(verifier, ChatHookVerifier::KIND)
    }
}

impl Door for ChatHookVerifier {
    const KIND: Kind = Kind {
        name: "a chat hook",
        family: Family::ChatHooks,
        body_max_bytes: HookKind::Chat.body_max_bytes(),
        body_within: Duration::from_secs(2),
    };
    type Head = ();

    fn check(&self, head: &RequestHead, _: &Arc<AccountGate>) -> Result<(), HookRefused> {
        head.signature(SIGNATURE).text()?;
        Ok(())
    }
}

/// What is no scope id is refused by the verifier, but only after the signature.
pub(crate) fn proven<'a>(
    verifier: &ChatHookVerifier,
    arrival: &'a Arrival<()>,
) -> Result<AddressedHook<'a>, HookRefused> {
    let head = &arrival.head;
    let scope = match head.parameter(SCOPE) {
        "" => head.last_segment(),
        scope => scope,
    };
    let signature = head.signature(SIGNATURE);
    Ok(verifier.verify_addressed(&arrival.body, signature, scope, head.now)?)
}
