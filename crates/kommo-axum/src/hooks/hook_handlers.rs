//! The handlers of a worker: typed events, one function for each kind.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::pin::Pin;

use kommo_chats::hook::ChatEvent;
use kommo_hooks::inbox::{HandlingOutcome, UnsignedKind};
use kommo_hooks::unsigned::{FormLimits, UnsignedCrmHook, UnsignedPipelineWidgetHook};
use kommo_hooks::{HookKind, StoredVerified};
#[cfg(feature = "open-api")]
use kommo_open_api::OpenApiEvent;
use kommo_store::{ClaimedHook, HookHandler};

use crate::hooks::bot_hooks::{BotCall, BotHooks};

type Handled = Pin<Box<dyn Future<Output = HandlingOutcome> + Send>>;
type Handle = Box<dyn Fn(Arc<ClaimedHook>) -> Handled + Send + Sync>;

/// Handles the hooks of an inbox by their kinds: each function gets the typed event as it was
/// proven, or as its sender says, and the hook, which has the [`key`](ClaimedHook::key) that every
/// repeat has. A hook of a kind without a function fails for good, and stays to be replayed.
///
/// # Examples
///
/// ```no_run
/// # use kommo_axum::{BotHooks, HookHandlers};
/// # use kommo_hooks::inbox::HandlingOutcome;
/// # use kommo_store::{Inbox, InboxWorker, WorkerSettings};
/// # fn example(inbox: Inbox, bots: &BotHooks) -> InboxWorker {
/// let handlers = HookHandlers::new()
///     .chat(async |event, _| {
///         println!("a {}", event.get().kind.name());
///         HandlingOutcome::Done
///     })
///     .bot(bots, async |call, _| {
///         println!("continue at {}", call.return_url.path());
///         HandlingOutcome::Done
///     })
///     .crm(async |hook, _| {
///         println!("{} events; read them again", hook.events.len());
///         HandlingOutcome::Done
///     });
/// InboxWorker::start(inbox, WorkerSettings::new(), handlers)
/// # }
/// ```
#[derive(Default)]
pub struct HookHandlers {
    by_kind: Vec<(&'static str, Handle)>,
}

impl HookHandlers {
    /// Handles nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles chat hooks.
    #[must_use]
    pub fn chat<T>(
        self,
        handle: impl Fn(StoredVerified<ChatEvent>, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Future<Output = HandlingOutcome> + Send + 'static,
    {
        let read = |hook: &ClaimedHook| Some(ChatEvent::of_stored(&hook.proven()?));
        self.with(HookKind::Chat.name(), read, handle)
    }

    /// Handles webhooks of the Open API.
    #[cfg(feature = "open-api")]
    #[must_use]
    pub fn open_api<T>(
        self,
        handle: impl Fn(StoredVerified<OpenApiEvent>, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Future<Output = HandlingOutcome> + Send + 'static,
    {
        let read = |hook: &ClaimedHook| Some(OpenApiEvent::of_stored(&hook.proven()?));
        self.with(HookKind::OpenApi.name(), read, handle)
    }

    /// Handles requests of bots. Their tokens are proven again, as of the time when they came: with
    /// a key that is no longer in the ring, the hook fails for good.
    #[must_use]
    pub fn bot<T>(
        self,
        hooks: &BotHooks,
        handle: impl Fn(BotCall, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Future<Output = HandlingOutcome> + Send + 'static,
    {
        let hooks = hooks.clone();
        let read = move |hook: &ClaimedHook| {
            let (proof, body) = hook.token_proven()?;
            BotCall::prove(&hooks.verifier(), body, proof.verified_at).ok()
        };
        self.with(HookKind::BotToken.name(), read, handle)
    }

    /// Handles webhooks of the CRM and of the Digital Pipeline. Nothing of them is proven.
    #[must_use]
    pub fn crm<T>(
        self,
        handle: impl Fn(UnsignedCrmHook, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Future<Output = HandlingOutcome> + Send + 'static,
    {
        let read = |hook: &ClaimedHook| {
            let (_, body) = hook.unsigned()?;
            UnsignedCrmHook::parse(body, &FormLimits::DEFAULT).ok()
        };
        self.with(UnsignedKind::Crm.name(), read, handle)
    }

    /// Handles the hooks to a widget of the Digital Pipeline. Nothing of them is proven.
    #[must_use]
    pub fn pipeline_widget<T>(
        self,
        handle: impl Fn(UnsignedPipelineWidgetHook, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Future<Output = HandlingOutcome> + Send + 'static,
    {
        let read = |hook: &ClaimedHook| {
            let (_, body) = hook.unsigned()?;
            UnsignedPipelineWidgetHook::parse(body, &FormLimits::DEFAULT).ok()
        };
        self.with(UnsignedKind::PipelineWidget.name(), read, handle)
    }

    fn with<E, T>(
        mut self,
        kind: &'static str,
        read: impl Fn(&ClaimedHook) -> Option<E> + Send + Sync + 'static,
        handle: impl Fn(E, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    ) -> Self
    where
        T: Future<Output = HandlingOutcome> + Send + 'static,
    {
        let handle = Box::new(move |hook: Arc<ClaimedHook>| match read(&hook) {
            Some(event) => Box::pin(handle(event, hook)) as Handled,
            None => refused(format!("the stored {kind} hook cannot be read")),
        });
        self.by_kind.retain(|(own, _)| *own != kind);
        self.by_kind.push((kind, handle));
        self
    }
}

fn refused(reason: String) -> Handled {
    Box::pin(core::future::ready(HandlingOutcome::refused(reason)))
}

impl HookHandler for HookHandlers {
    fn handle(&self, hook: Arc<ClaimedHook>) -> impl Future<Output = HandlingOutcome> + Send {
        let kind = hook.origin().name();
        let found = self.by_kind.iter().find(|(own, _)| *own == kind);
        match found {
            Some((_, handle)) => handle(hook),
            None => refused(format!("no handler for {kind} hooks")),
        }
    }
}

impl fmt::Debug for HookHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.by_kind.iter().map(|(kind, _)| kind);
        f.debug_list().entries(kinds).finish()
    }
}

/// The handler of a worker whose inbox has chat hooks alone: [`HookHandlers::chat`].
pub fn chat_events<T>(
    handle: impl Fn(StoredVerified<ChatEvent>, Arc<ClaimedHook>) -> T + Send + Sync + 'static,
) -> HookHandlers
where
    T: Future<Output = HandlingOutcome> + Send + 'static,
{
    HookHandlers::new().chat(handle)
}
