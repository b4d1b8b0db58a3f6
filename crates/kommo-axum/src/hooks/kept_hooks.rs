//! The routes that keep hooks in an inbox before they answer: one mechanism for every kind.
//!
//! ```text
//!   receiver ──> proven, or unsigned at its address ──> inbox, durable ──> 200
//!       └──────────────── all within the time that the platform waits ──────┘
//! ```

use core::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get, post};
use kommo_chats::hook::ChatEvent;
use kommo_hooks::inbox::{HookAccount, HookFacts, NewHook, Put, UnsignedKind};
use kommo_hooks::unsigned::{FormLimits, UnsignedPipelineWidgetHook};
use kommo_hooks::{BotTokenVerifier, ChatHookVerifier, Refusal};
#[cfg(feature = "open-api")]
use kommo_open_api::OpenApiEvent;
use kommo_store::Inbox;
use tokio::time::timeout;

use crate::hooks::account_gate::AccountRoom;
use crate::hooks::bot_hooks::{BotCall, BotHooks, EVENT};
use crate::hooks::chat_hooks::{ChatHooks, proven};
use crate::hooks::crm_hooks::{Addressed, CrmHooks, CrmPaths, read, request_id};
use crate::hooks::hook_receiver::{Arrival, Door, HookReceiver, Taken, head_of};
use crate::hooks::hook_refused::HookRefused;
#[cfg(feature = "open-api")]
use crate::hooks::open_api_hooks::{OpenApiDoor, OpenApiHooks};
use crate::routes::guarded_answer::empty;

/// Where the platform waits five seconds; the way there and back is a part of them.
const WITHIN_FIVE: Duration = Duration::from_millis(4_500);
/// Where it waits two.
const WITHIN_TWO: Duration = Duration::from_millis(1_800);

/// What is kept of a kind of hook.
trait KeptDoor: Door {
    const ANSWER_WITHIN: Duration;

    /// Proves it and puts it into the inbox. Returns the name of its event.
    fn keep(
        &self,
        arrival: Arrival<Self::Head>,
        inbox: &Inbox,
    ) -> impl Future<Output = Result<&'static str, HookRefused>> + Send;
}

struct Keeping<V> {
    hooks: HookReceiver<V>,
    inbox: Inbox,
}

impl<V> Clone for Keeping<V> {
    fn clone(&self) -> Self {
        Self {
            hooks: self.hooks.clone(),
            inbox: self.inbox.clone(),
        }
    }
}

fn keeping<V: KeptDoor>() -> MethodRouter<Keeping<V>> {
    post(receive::<V>)
}

fn routed<V: KeptDoor, T: Clone + Send + Sync + 'static>(
    path: &str,
    route: MethodRouter<Keeping<V>>,
    hooks: &HookReceiver<V>,
    inbox: Inbox,
) -> Router<T> {
    let hooks = hooks.clone();
    let state = Keeping { hooks, inbox };
    Router::new().route(path, route).with_state(state)
}

async fn receive<V: KeptDoor>(
    State(Keeping { hooks, inbox }): State<Keeping<V>>,
    request: Request,
) -> Response<Body> {
    let taking = hooks.receive(request, async |door: &V, arrival| {
        let event = door.keep(arrival, &inbox).await?;
        Ok(Taken { value: (), event })
    });
    match timeout(V::ANSWER_WITHIN, taking).await {
        Ok(Ok(())) => empty(StatusCode::OK),
        Ok(Err(refused)) => refused.into_response(),
        Err(_) => {
            hooks.refuse(&HookRefused::NotKept);
            HookRefused::NotKept.into_response()
        }
    }
}

async fn put(inbox: &Inbox, hook: NewHook<'_>) -> Result<&'static str, HookRefused> {
    match inbox.put(&hook).await {
        Ok(Put::Stored | Put::Duplicate | Put::Spooled) => Ok(hook.event()),
        Ok(Put::Full) => Err(HookRefused::TooMany),
        Ok(_) => Err(HookRefused::NotKept),
        Err(problem) => {
            tracing::error!(%problem, "a hook was not kept");
            Err(HookRefused::NotKept)
        }
    }
}

/// So that two hooks which are equal are two.
fn nonce() -> Result<[u8; 16], HookRefused> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|_| HookRefused::NotKept)?;
    Ok(nonce)
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
        routed("/chat-hooks/{scope_id}", keeping(), self, inbox)
    }
}

impl KeptDoor for ChatHookVerifier {
    const ANSWER_WITHIN: Duration = WITHIN_FIVE;

    async fn keep(&self, arrival: Arrival<()>, inbox: &Inbox) -> Result<&'static str, HookRefused> {
        let proven = proven(self, &arrival)?;
        let event = ChatEvent::of(&proven.hook);
        put(inbox, NewHook::proven(&proven.hook, event.get().facts())).await
    }
}

#[cfg(feature = "open-api")]
impl OpenApiHooks {
    /// The route `POST /open-api-hooks`: as [`ChatHooks::router`].
    pub fn router<T: Clone + Send + Sync + 'static>(&self, inbox: Inbox) -> Router<T> {
        routed("/open-api-hooks", keeping(), self, inbox)
    }
}

#[cfg(feature = "open-api")]
impl KeptDoor for OpenApiDoor {
    const ANSWER_WITHIN: Duration = WITHIN_FIVE;

    async fn keep(&self, arrival: Arrival<()>, inbox: &Inbox) -> Result<&'static str, HookRefused> {
        let proven = self.proven(&arrival)?;
        let event = OpenApiEvent::of(&proven);
        put(inbox, NewHook::proven(&proven, event.get().facts())).await
    }
}

impl BotHooks {
    /// The route `POST /bot-hooks`: as [`ChatHooks::router`], but the answer comes within 1.8
    /// seconds. The body is kept with the verdict on its token; the token is proven again, as of
    /// the time when it came, before it is handed over.
    pub fn router<T: Clone + Send + Sync + 'static>(&self, inbox: Inbox) -> Router<T> {
        routed("/bot-hooks", keeping(), self, inbox)
    }
}

impl KeptDoor for BotTokenVerifier {
    const ANSWER_WITHIN: Duration = WITHIN_TWO;

    async fn keep(&self, arrival: Arrival<()>, inbox: &Inbox) -> Result<&'static str, HookRefused> {
        let call = BotCall::arrived(self, &arrival)?;
        let account = HookAccount::Crm(call.token.get().account_id);
        // Repeats of a request have the same return URL.
        let facts = HookFacts::new(EVENT)
            .of_account(Some(account))
            .with_id(call.return_url.path());
        put(
            inbox,
            NewHook::token_proven(&call.token, &arrival.body, facts),
        )
        .await
    }
}

impl CrmHooks {
    /// The route `POST /crm-hooks/{account_id}/{token}`: as [`ChatHooks::router`], but the answer
    /// comes within 1.8 seconds, and hooks of an account of which too many wait are answered 503. A
    /// GET is answered 200: the platform sends one when a hook is added by hand.
    ///
    /// And the route `POST /pipeline-widget-hooks/{token}` for the hooks to a widget of the Digital
    /// Pipeline, whose address is one for all accounts, within the same bounds of the account that
    /// the body names.
    pub fn router<T: Clone + Send + Sync + 'static>(&self, inbox: Inbox) -> Router<T> {
        let route = keeping().merge(get(look));
        let widgets = routed(
            "/pipeline-widget-hooks/{token}",
            keeping(),
            self,
            inbox.clone(),
        );
        routed("/crm-hooks/{account_id}/{token}", route, self, inbox).merge(widgets)
    }
}

impl KeptDoor for CrmPaths {
    const ANSWER_WITHIN: Duration = WITHIN_TWO;

    async fn keep(
        &self,
        arrival: Arrival<Addressed>,
        inbox: &Inbox,
    ) -> Result<&'static str, HookRefused> {
        if arrival.found.account.is_none() {
            let (hook, _room) = read_pipeline_widget(&arrival)?;
            let facts = hook.facts();
            return put_unsigned(UnsignedKind::PipelineWidget, &arrival, facts, inbox).await;
        }
        let hook = read(&arrival)?;
        put_unsigned(UnsignedKind::Crm, &arrival, hook.facts(), inbox).await
    }
}

/// Reads what came to the address of pipeline widgets, within the bounds of the account that it
/// names.
fn read_pipeline_widget(
    arrival: &Arrival<Addressed>,
) -> Result<(UnsignedPipelineWidgetHook, AccountRoom), HookRefused> {
    let hook = UnsignedPipelineWidgetHook::parse(&arrival.body, &FormLimits::DEFAULT);
    let hook = hook.map_err(|_| Refusal::BodyMalformed)?;
    let room = arrival.gate.enter(hook.account_id, arrival.head.now)?;
    Ok((hook, room))
}

async fn put_unsigned(
    kind: UnsignedKind,
    arrival: &Arrival<Addressed>,
    mut facts: HookFacts<'_>,
    inbox: &Inbox,
) -> Result<&'static str, HookRefused> {
    if let Some(id) = request_id(&arrival.head) {
        facts.id = Some(id);
    }
    put(
        inbox,
        NewHook::unsigned(kind, &arrival.body, nonce()?, facts),
    )
    .await
}

/// Rule U1.
async fn look(State(keeping): State<Keeping<CrmPaths>>, request: Request) -> Response<Body> {
    let hooks = &keeping.hooks;
    let head = head_of(request.into_parts().0, hooks.now()).await;
    match hooks.verifier().account_of(&head) {
        Ok(_) => empty(StatusCode::OK),
        Err(refused) => {
            hooks.refuse(&refused);
            refused.into_response()
        }
    }
}
