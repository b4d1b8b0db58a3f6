//! The extractor: a chat hook for a handler that does without the inbox.

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::request::Parts;
use kommo_account::{AmojoId, ScopeId};
use kommo_chats::hook::ChatEvent;
use kommo_hooks::{ChatHookVerifier, Verified};

use crate::hooks::chat_hooks::{ChatHooks, proven};
use crate::hooks::hook_receiver::{Arrival, Taken};
use crate::hooks::hook_refused::HookRefused;

/// A proven chat hook, as an argument of a handler whose state has [`ChatHooks`], or in the
/// extensions of a request that passed [`ChatHooks::layer`].
///
/// The platform sends a hook once and waits five seconds for the answer: what the handler has not
/// stored when the process ends is lost. An inbox keeps it before the answer.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::post};
/// use kommo_axum::{ChatHooks, ProvenChatHook};
///
/// fn routes(hooks: ChatHooks) -> Router {
///     let route = post(async |hook: ProvenChatHook| {
///         println!("a {} of {:?}", hook.event.get().kind.name(), hook.account);
///     });
///     Router::new().route("/chat-hooks/{scope_id}", route).with_state(hooks)
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProvenChatHook {
    /// What it reports.
    pub event: Verified<ChatEvent>,
    /// The bytes that the signature covered.
    pub bytes: Verified<Vec<u8>>,
    /// The scope id of the address. It is proven only if `account` is there.
    pub scope: ScopeId,
    /// The account that the body names; it is that of the address.
    pub account: Option<AmojoId>,
}

impl ProvenChatHook {
    /// Proves a request, and returns what else it had.
    pub(crate) async fn of(
        hooks: &ChatHooks,
        request: Request,
    ) -> Result<(Self, Parts), HookRefused> {
        let take = async |verifier: &ChatHookVerifier, arrival: Arrival<()>| {
            let hook = Self::read(verifier, &arrival)?;
            Ok(Taken {
                event: hook.event.get().kind.name(),
                value: (hook, arrival.head.parts),
            })
        };
        hooks.receive(request, take).await
    }

    fn read(verifier: &ChatHookVerifier, arrival: &Arrival<()>) -> Result<Self, HookRefused> {
        let proven = proven(verifier, arrival)?;
        let bytes = match proven.hook.read() {
            Ok(bytes) => bytes,
            Err(never) => match never {},
        };
        Ok(Self {
            event: ChatEvent::of(&proven.hook),
            bytes,
            scope: proven.scope,
            account: proven.account,
        })
    }
}

impl<S> FromRequest<S> for ProvenChatHook
where
    S: Send + Sync,
    ChatHooks: FromRef<S>,
{
    type Rejection = HookRefused;

    async fn from_request(request: Request, state: &S) -> Result<Self, HookRefused> {
        let proven = Self::of(&ChatHooks::from_ref(state), request).await;
        proven.map(|(hook, _)| hook)
    }
}
