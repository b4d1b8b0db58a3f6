//! The extractor: a chat hook for a handler that does without the inbox.

use axum::extract::{FromRef, FromRequest, Request};
use kommo_account::{AmojoId, ScopeId};
use kommo_chats::hook::ChatEvent;
use kommo_hooks::Verified;

use crate::hooks::chat_hooks::ChatHooks;
use crate::hooks::hook_refused::HookRefused;

/// A proven chat hook, as an argument of a handler whose state has [`ChatHooks`].
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
    /// The scope id of the address. It is proven only if `account` is there.
    pub scope: ScopeId,
    /// The account that the body names; it is that of the address.
    pub account: Option<AmojoId>,
}

impl<S> FromRequest<S> for ProvenChatHook
where
    S: Send + Sync,
    ChatHooks: FromRef<S>,
{
    type Rejection = HookRefused;

    async fn from_request(request: Request, state: &S) -> Result<Self, HookRefused> {
        ChatHooks::from_ref(state)
            .receive(request, async |proven| {
                Ok(Self {
                    event: ChatEvent::of(&proven.hook),
                    scope: proven.scope,
                    account: proven.account,
                })
            })
            .await
    }
}
