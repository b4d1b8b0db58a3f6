//! The route that keeps chat hooks in an inbox before it answers, and the handler of its worker.

use alloc::sync::Arc;
use core::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::post;
use kommo_chats::hook::ChatEvent;
use kommo_hooks::inbox::{HandlingOutcome, NewHook, Put};
use kommo_hooks::{AddressedHook, HookKind, StoredVerified};
use kommo_store::{ClaimedHook, HookHandler, Inbox};
use tokio::time::timeout;

use crate::hooks::chat_hooks::ChatHooks;
use crate::hooks::hook_refused::HookRefused;
use crate::routes::guarded_answer::empty;

/// The platform waits five seconds; the way there and back is a part of them.
const ANSWER_WITHIN: Duration = Duration::from_millis(4_500);

#[derive(Clone)]
struct Receiving {
    hooks: ChatHooks,
    inbox: Inbox,
}

impl ChatHooks {
    /// The route `POST /chat-hooks/{scope_id}`: 200 as soon as the hook is durable in the inbox, or
    /// was already; 503 if it could not be kept. The answer comes within 4.5 seconds, whatever the
    /// database and the handlers do. Others: [`HookRefused`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use axum::Router;
    /// # use kommo_axum::{ChatHooks, chat_events};
    /// # use kommo_hooks::inbox::HandlingOutcome;
    /// # use kommo_store::{Inbox, InboxWorker, WorkerSettings};
    /// # async fn example(hooks: ChatHooks, inbox: Inbox, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    /// let handler = chat_events(async |event, _hook| {
    ///     println!("a {}", event.get().kind.name());
    ///     HandlingOutcome::Done
    /// });
    /// let worker = InboxWorker::start(inbox.clone(), WorkerSettings::new(), handler);
    /// let app: Router = Router::new().nest("/kommo", hooks.router(inbox));
    /// axum::serve(listener, app).await?;
    /// worker.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn router<T: Clone + Send + Sync + 'static>(&self, inbox: Inbox) -> Router<T> {
        let receiving = Receiving {
            hooks: self.clone(),
            inbox,
        };
        Router::new()
            .route("/chat-hooks/{scope_id}", post(receive))
            .with_state(receiving)
    }
}

async fn receive(State(receiving): State<Receiving>, request: Request) -> Response<Body> {
    let Receiving { hooks, inbox } = receiving;
    let receiving = hooks.receive(request, async |proven| keep(&inbox, proven).await);
    match timeout(ANSWER_WITHIN, receiving).await {
        Ok(Ok(())) => empty(StatusCode::OK),
        Ok(Err(refused)) => refused.into_response(),
        Err(_) => {
            tracing::warn!("a chat hook was not kept in time");
            hooks.count(HookRefused::NotKept.code());
            HookRefused::NotKept.into_response()
        }
    }
}

async fn keep(inbox: &Inbox, proven: AddressedHook<'_>) -> Result<(), HookRefused> {
    let event = ChatEvent::of(&proven.hook);
    let hook = NewHook::proven(&proven.hook, event.get().facts());
    match inbox.put(&hook).await {
        Ok(Put::Stored | Put::Duplicate | Put::Spooled) => Ok(()),
        Ok(_) => Err(HookRefused::NotKept),
        Err(problem) => {
            tracing::error!(%problem, "a chat hook was not kept");
            Err(HookRefused::NotKept)
        }
    }
}

/// The handler of an [`InboxWorker`](kommo_store::InboxWorker) for chat hooks: `handle` gets each
/// event as it was proven, and its hook, which has the [`key`](ClaimedHook::key) that every repeat
/// has. Hooks of other kinds are refused.
pub fn chat_events<F, T>(handle: F) -> impl HookHandler
where
    F: Fn(StoredVerified<ChatEvent>, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    T: Future<Output = HandlingOutcome> + Send,
{
    let handle = Arc::new(handle);
    move |hook: Arc<ClaimedHook>| {
        let handle = Arc::clone(&handle);
        async move {
            let proven = hook.proven();
            let chat = proven.filter(|proven| proven.proof().kind == HookKind::Chat);
            let Some(event) = chat.map(|proven| ChatEvent::of_stored(&proven)) else {
                return HandlingOutcome::Refused {
                    reason: "not a chat hook".to_owned(),
                };
            };
            handle(event, Arc::clone(&hook)).await
        }
    }
}
