//! Receives hooks over HTTP: proves each, keeps it, and answers, in this order.
//!
//! ```text
//! POST /chat/{scope_id}       X-Signature            channel secret     kept
//! POST /open-api              X-Chat-Signature       AppSecret          kept
//! GET  /disconnect            ?signature=            client secret      shown: ask the API
//! POST /bot/{path token}      token                  client secret      kept
//! any  /widget                X-Auth-Token           client secret      shown
//! POST /crm/{path token}      none                                      kept
//! GET  /install               none                                      shown, without its code
//! ```
//!
//! What is not proven costs its MAC and a line, and its sender learns no more than a word.

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kommo_chats::hook::{ChatEvent, ChatEventKind};
use kommo_hooks::inbox::{HookAccount, HookFacts, HookOrigin, NewHook, UnsignedKind};
use kommo_hooks::unsigned::{
    FormLimits, PathToken, UnsignedBotRequest, UnsignedCrmHook, UnsignedPipelineWidgetHook,
};
use kommo_hooks::{
    HookKind, OneTimeUse, ReceivedSignature, Refusal, RefusalKind, ReplayMemory, ReturnUrl,
};
use kommo_open_api::OpenApiEvent;
use tokio::time::timeout;

use super::arrival::{Arrival, Kept, Verdict};
use super::inboxes::{Inboxes, KeptKind};
use super::reports::Reports;
use super::verifiers::Verifiers;
use crate::failure::exit;
use crate::terminal::output::Output;
use crate::time::clock;

/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_millis(800);

/// The platform waits 2 seconds for the CRM's hooks and for bots, and 5 for chats; the way there
/// and back is a part of them. What is proven has a spool, which is tried after the store.
const BOT_KEPT_WITHIN: Duration = Duration::from_millis(1700);
const UNSIGNED_KEPT_WITHIN: Duration = Duration::from_millis(1000);
const SIGNED_KEPT_WITHIN: Duration = Duration::from_millis(3500);

/// The longest id of a request that is looked at. Those that were seen are UUIDs.
const REQUEST_ID_MAX_BYTES: usize = 64;

/// How many tokens of widgets are remembered until they end.
const TOKENS_AT_MOST: usize = 10_000;

/// Everything that receives.
pub(super) struct Receiver {
    verifiers: Verifiers,
    path_token: PathToken,
    inboxes: Inboxes,
    reports: Reports,
    used_tokens: Mutex<ReplayMemory>,
    output: Output,
}

/// Why a hook was not taken.
#[derive(Debug, Clone, Copy)]
enum NotTaken {
    Refused(Refusal),
    /// With the code, and the answer.
    Because(&'static str, StatusCode),
}

impl From<Refusal> for NotTaken {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl NotTaken {
    const fn code(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Because(code, _) => code,
        }
    }

    /// What its sender learns.
    fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
                RefusalKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
                _ => (StatusCode::UNAUTHORIZED, "not-proven"),
            },
            Self::Because(_, StatusCode::UNAUTHORIZED) => (StatusCode::UNAUTHORIZED, "not-proven"),
            Self::Because(_, StatusCode::PAYLOAD_TOO_LARGE) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large")
            }
            Self::Because(_, StatusCode::REQUEST_TIMEOUT) => {
                (StatusCode::REQUEST_TIMEOUT, "too-slow")
            }
            Self::Because(_, StatusCode::NOT_FOUND) => (StatusCode::NOT_FOUND, "not-found"),
            Self::Because(_, _) => (StatusCode::BAD_REQUEST, "malformed"),
        }
    }
}

const MALFORMED: NotTaken = NotTaken::Because("body-malformed", StatusCode::BAD_REQUEST);
const NO_SECRET: NotTaken = NotTaken::Because("no-secret", StatusCode::NOT_FOUND);

/// What a hook says of itself, as far as it is shown.
#[derive(Debug, Default)]
struct Told {
    event: String,
    account: Option<String>,
    conversation: Option<String>,
}

/// A hook that was taken.
struct Taken {
    told: Told,
    verdict: Verdict,
    kept: Kept,
    key: Option<String>,
}

impl Taken {
    /// A hook of which nothing is kept.
    const fn shown(told: Told, verdict: Verdict) -> Self {
        Self {
            told,
            verdict,
            kept: Kept::Not,
            key: None,
        }
    }
}

impl Receiver {
    pub(super) fn new(
        verifiers: Verifiers,
        path_token: PathToken,
        inboxes: Inboxes,
        reports: Reports,
        output: Output,
    ) -> Self {
        Self {
            verifiers,
            path_token,
            inboxes,
            reports,
            used_tokens: Mutex::new(ReplayMemory::new(TOKENS_AT_MOST)),
            output,
        }
    }

    pub(super) fn router(self) -> Router {
        Router::new().fallback(receive).with_state(Arc::new(self))
    }

    fn chat<'a>(
        &self,
        parts: &Parts,
        body: &'a [u8],
        scope: &str,
        now: u64,
    ) -> Result<(Told, NewHook<'a>), NotTaken> {
        let verifier = self.verifiers.chat.as_ref().ok_or(NO_SECRET)?;
        let signature = header_of(parts, "x-signature");
        let addressed = verifier.verify_addressed(body, signature, scope, now)?;
        let event = ChatEvent::of(&addressed.hook);
        let event = event.get();
        let facts = event.facts();
        let client_id = match &event.kind {
            ChatEventKind::Message(message) => message.conversation.client_id.as_ref(),
            ChatEventKind::CommentReply(reply) => reply.message.conversation.client_id.as_ref(),
            ChatEventKind::Typing(typing) => typing.conversation.client_id.as_ref(),
            ChatEventKind::Reaction(reaction) => reaction.conversation.client_id.as_ref(),
            _ => None,
        };
        let told = Told {
            event: facts.event.to_owned(),
            account: account(facts.account),
            conversation: client_id
                .map(|id| id.as_str().to_owned())
                .or_else(|| facts.conversation.map(str::to_owned)),
        };
        Ok((told, NewHook::proven(&addressed.hook, facts)))
    }

    fn open_api<'a>(
        &self,
        parts: &Parts,
        body: &'a [u8],
        now: u64,
    ) -> Result<(Told, NewHook<'a>), NotTaken> {
        let verifier = self.verifiers.open_api.as_ref().ok_or(NO_SECRET)?;
        let signature = header_of(parts, "x-chat-signature");
        let hook = match self.verifiers.window {
            Some(window) => verifier.verify_fresh(body, signature, window, now)?,
            None => verifier.verify(body, signature, now)?,
        };
        let event = OpenApiEvent::of(&hook);
        let facts = event.get().facts();
        let told = Told {
            event: facts.event.to_owned(),
            ..Told::default()
        };
        Ok((told, NewHook::proven(&hook, facts)))
    }

    fn disconnect(&self, query: &str, now: u64) -> Result<Told, NotTaken> {
        let verifier = self.verifiers.disconnect.as_ref().ok_or(NO_SECRET)?;
        let proven = verifier.verify(query, now)?;
        Ok(Told {
            account: account(Some(HookAccount::Crm(proven.get().account_id))),
            ..Told::default()
        })
    }

    /// The token is proven, and what stands around it is not.
    fn bot<'a>(&self, body: &'a [u8], now: u64) -> Result<(Told, NewHook<'a>), NotTaken> {
        let verifier = self.verifiers.bot.as_ref().ok_or(NO_SECRET)?;
        let request = UnsignedBotRequest::parse(body).ok_or(MALFORMED)?;
        let token = verifier.verify(&request.token, now)?;
        let return_url = ReturnUrl::check(&token, &request.return_url)
            .map_err(|_| NotTaken::Because("return-url", StatusCode::UNAUTHORIZED))?;
        let whose = Some(HookAccount::Crm(token.get().account_id));
        let told = Told {
            event: "widget-request".to_owned(),
            account: account(whose),
            ..Told::default()
        };
        // Repeats of a request have the same return URL.
        let facts = HookFacts::new("widget-request")
            .of_account(whose)
            .with_id(return_url.path());
        Ok((told, NewHook::token_proven(&token, body, facts)))
    }

    fn widget(&self, parts: &Parts, now: u64) -> Result<Told, NotTaken> {
        let verifier = self.verifiers.widget.as_ref().ok_or(NO_SECRET)?;
        let token = header_of(parts, "x-auth-token");
        let token = verifier.verify(token.text()?, now)?;
        let used = self
            .used_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(&token, now);
        match used {
            OneTimeUse::First => Ok(Told {
                account: account(Some(HookAccount::Crm(token.get().account_id))),
                ..Told::default()
            }),
            OneTimeUse::Replayed => Err(NotTaken::Because("replayed", StatusCode::UNAUTHORIZED)),
            _ => Err(NotTaken::Because(
                "too-many-tokens",
                StatusCode::UNAUTHORIZED,
            )),
        }
    }

    /// Keeps a hook, and says what became of it.
    async fn keep(
        &self,
        kind: KeptKind,
        told: Told,
        verdict: Verdict,
        hook: &NewHook<'_>,
    ) -> Taken {
        let inbox = self.inboxes.of(kind);
        let within = match hook.origin() {
            HookOrigin::Proven(_) => SIGNED_KEPT_WITHIN,
            HookOrigin::TokenProven(_) => BOT_KEPT_WITHIN,
            _ => UNSIGNED_KEPT_WITHIN,
        };
        let kept = match timeout(within, inbox.put(hook)).await {
            Ok(Ok(put)) => Kept::of(put),
            Ok(Err(problem)) => {
                let problem = exit::chain(&problem);
                self.output
                    .note(&format!("warning: a hook was not kept: {problem}"));
                Kept::Failed
            }
            Err(_) => Kept::Failed,
        };
        Taken {
            told,
            verdict,
            kept,
            key: Some(inbox.key_of(hook)),
        }
    }

    /// Proves a hook and keeps it.
    async fn take(
        &self,
        kind: &Kind,
        parts: &Parts,
        body: Body,
        now: u64,
    ) -> Result<Taken, NotTaken> {
        match kind {
            Kind::Chat(scope) => {
                // Without a signature the body is not read.
                header_of(parts, "x-signature").text()?;
                let body = read(kind, body).await?;
                let (told, hook) = self.chat(parts, &body, scope, now)?;
                Ok(self
                    .keep(KeptKind::Chat, told, Verdict::Proven, &hook)
                    .await)
            }
            Kind::OpenApi => {
                header_of(parts, "x-chat-signature").text()?;
                let body = read(kind, body).await?;
                let (told, hook) = self.open_api(parts, &body, now)?;
                Ok(self
                    .keep(KeptKind::OpenApi, told, Verdict::Proven, &hook)
                    .await)
            }
            Kind::Bot => {
                let body = read(kind, body).await?;
                let (told, hook) = self.bot(&body, now)?;
                Ok(self.keep(KeptKind::Bot, told, Verdict::Proven, &hook).await)
            }
            Kind::Crm => self.take_crm(parts, &read(kind, body).await?).await,
            Kind::Disconnect => {
                let query = parts.uri.query().unwrap_or_default();
                let told = self.disconnect(query, now)?;
                Ok(Taken::shown(told, Verdict::Proven))
            }
            Kind::Widget => Ok(Taken::shown(self.widget(parts, now)?, Verdict::Proven)),
            Kind::Install => Ok(Taken::shown(Told::default(), Verdict::Unsigned)),
        }
    }

    /// A webhook of the CRM, or the hook to a widget of the Digital Pipeline.
    async fn take_crm(&self, parts: &Parts, body: &[u8]) -> Result<Taken, NotTaken> {
        if let Ok(crm) = UnsignedCrmHook::parse(body, &FormLimits::DEFAULT) {
            let facts = crm.facts();
            return self
                .take_unsigned(UnsignedKind::Crm, parts, body, facts)
                .await;
        }
        let widget = UnsignedPipelineWidgetHook::parse(body, &FormLimits::DEFAULT);
        let widget = widget.map_err(|_| MALFORMED)?;
        let kind = UnsignedKind::PipelineWidget;
        self.take_unsigned(kind, parts, body, widget.facts()).await
    }

    async fn take_unsigned(
        &self,
        kind: UnsignedKind,
        parts: &Parts,
        body: &[u8],
        mut facts: HookFacts<'_>,
    ) -> Result<Taken, NotTaken> {
        let told = Told {
            event: facts.event.to_owned(),
            account: account(facts.account),
            conversation: facts.conversation.map(str::to_owned),
        };
        let request_id = header_of(parts, "x-amocrm-requestid");
        let id = request_id.text().ok();
        let id = id.filter(|id| (1..=REQUEST_ID_MAX_BYTES).contains(&id.len()));
        facts.id = id;
        let hook = NewHook::unsigned(kind, body, nonce()?, facts);
        Ok(self
            .keep(KeptKind::Crm, told, Verdict::Unsigned, &hook)
            .await)
    }

    fn kind(&self, parts: &Parts) -> Option<Kind> {
        let path = parts.uri.path().trim_matches('/');
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let is_post = parts.method == Method::POST;
        let is_get = parts.method == Method::GET;
        Some(match (name, rest) {
            ("chat", scope) if is_post && !scope.is_empty() => Kind::Chat(scope.to_owned()),
            ("open-api", "") if is_post => Kind::OpenApi,
            ("disconnect", "") if is_get => Kind::Disconnect,
            ("install", "") if is_get => Kind::Install,
            ("widget", "") => Kind::Widget,
            ("crm", token) if is_post && self.path_token.matches(token) => Kind::Crm,
            ("bot", token) if is_post && self.path_token.matches(token) => Kind::Bot,
            _ => return None,
        })
    }
}

/// Which hook a request is, by its address.
enum Kind {
    Chat(String),
    OpenApi,
    Disconnect,
    Widget,
    Install,
    Bot,
    Crm,
}

impl Kind {
    const fn name(&self) -> &'static str {
        match self {
            Self::Chat(_) => KeptKind::Chat.name(),
            Self::OpenApi => KeptKind::OpenApi.name(),
            Self::Disconnect => "disconnect",
            Self::Widget => "widget",
            Self::Install => "install",
            Self::Bot => KeptKind::Bot.name(),
            Self::Crm => KeptKind::Crm.name(),
        }
    }

    /// The longest body.
    const fn body_max_bytes(&self) -> usize {
        match self {
            Self::Crm => FormLimits::DEFAULT.bytes,
            Self::Bot => HookKind::BotToken.body_max_bytes(),
            Self::OpenApi => HookKind::OpenApi.body_max_bytes(),
            Self::Chat(_) | Self::Disconnect | Self::Widget | Self::Install => {
                HookKind::Chat.body_max_bytes()
            }
        }
    }
}

async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(kind) = receiver.kind(&parts) else {
        // The CRM looks at an address with GET when a webhook is added by hand, and wants 200.
        let path = parts.uri.path().strip_prefix("/crm/");
        let is_looked_at = parts.method == Method::GET
            && path.is_some_and(|token| receiver.path_token.matches(token));
        return match is_looked_at {
            true => StatusCode::OK.into_response(),
            false => answer(StatusCode::NOT_FOUND, "not-found"),
        };
    };
    let now = clock::unix_now().unwrap_or_default();
    let taken = receiver.take(&kind, &parts, body, now).await;
    let (taken, (status, word)) = match taken {
        Ok(taken) => {
            let status = match taken.kept {
                Kept::Failed | Kept::Full => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
                _ => (StatusCode::OK, ""),
            };
            (taken, status)
        }
        Err(not_taken) => {
            let verdict = Verdict::Refused(not_taken.code());
            (Taken::shown(Told::default(), verdict), not_taken.answer())
        }
    };
    receiver.reports.arrived(Arrival {
        at: now,
        kind: kind.name(),
        event: taken.told.event,
        account: taken.told.account,
        conversation: taken.told.conversation,
        verdict: taken.verdict,
        status: status.as_u16(),
        kept: taken.kept,
        key: taken.key,
    });
    answer(status, word)
}

fn answer(status: StatusCode, word: &'static str) -> Response {
    match word {
        "" => status.into_response(),
        word => (status, [(header::CONTENT_TYPE, "text/plain")], word).into_response(),
    }
}

fn header_of<'a>(parts: &'a Parts, name: &str) -> ReceivedSignature<'a> {
    let values = parts.headers.get_all(name).iter();
    ReceivedSignature::from_values(values.map(|value| value.as_bytes()))
}

async fn read(kind: &Kind, body: Body) -> Result<Bytes, NotTaken> {
    let too_large = NotTaken::Because("body-too-large", StatusCode::PAYLOAD_TOO_LARGE);
    // The declared length.
    let most = kind.body_max_bytes();
    if body.size_hint().lower() > most as u64 {
        return Err(too_large);
    }
    match timeout(BODY_WITHIN, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // It was longer than it said, or ended before.
        Ok(Err(_)) => Err(NotTaken::Because("body-broken", StatusCode::BAD_REQUEST)),
        Err(_) => Err(NotTaken::Because(
            "body-too-slow",
            StatusCode::REQUEST_TIMEOUT,
        )),
    }
}

fn nonce() -> Result<[u8; 16], NotTaken> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)
        .map_err(|_| NotTaken::Because("random", StatusCode::BAD_REQUEST))?;
    Ok(nonce)
}

fn account(account: Option<HookAccount>) -> Option<String> {
    account.map(|account| account.to_string())
}
