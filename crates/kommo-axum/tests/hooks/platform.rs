//! Every kind as the sandbox sends it, which has an implementation of its own: right, wrongly
//! signed, unsigned, sent again.

use core::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use kommo_account::{AccountId, ClientId, Realm};
use kommo_axum::{
    BotHooks, ChatHooks, CrmHooks, CrmPaths, OpenApiHooks, WidgetCaller, WidgetCalls,
};
use kommo_hooks::{BotTokenVerifier, ChatHookVerifier, OpenApiVerifier, WidgetTokenVerifier};
use kommo_sandbox::{HookKind, HookOrder, HookVariant, Sandbox, SandboxConfig};
use kommo_sign::{
    AppSecret, ChannelSecret, ChatHookKey, ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing,
    OpenApiKey,
};

use crate::app::{Kept, kept, lines, serve};

fn ring<K>(key: K) -> KeyRing<K> {
    let mut keys = KeyRing::new();
    keys.insert(KeyId::parse("current").unwrap(), key, None)
        .unwrap();
    keys
}

struct Platform {
    sandbox: Sandbox,
    address: SocketAddr,
    crm_path: String,
    widget_path: String,
}

impl Platform {
    async fn new(kept: &Kept) -> Self {
        // The tokens of bots and widgets are valid around now.
        let config = SandboxConfig {
            follow_wall_clock: true,
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::builder().config(config).start().await.unwrap();
        let us = sandbox.state();
        let client_id = ClientId::parse(&us.client_id).unwrap();
        let client_secret = ClientSecret::new(&us.client_secret).unwrap();
        let token_key = |algorithm| ring(JwsKey::new(algorithm, &client_secret));
        let chat = ChatHookKey::new(&ChannelSecret::new(&us.channel_secret).unwrap());
        let open_api = OpenApiKey::new(&AppSecret::new(&us.app_secret).unwrap());
        let crm = CrmHooks::new(CrmPaths::new(&[7; 32], Realm::Real, client_id).unwrap());
        let bot = BotTokenVerifier::new(client_id, token_key(JwsAlgorithm::Hs512));
        let widget = |address: &str| {
            WidgetTokenVerifier::new(client_id, address, token_key(JwsAlgorithm::Hs256))
        };
        let calls = WidgetCalls::new(widget(&us.redirect_uri));
        let call = Router::new().route("/widget", post(async |_: WidgetCaller| {}));
        let inbox = || kept.inbox.clone();
        let app = Router::new()
            .merge(ChatHooks::new(ChatHookVerifier::new(ring(chat))).router(inbox()))
            .merge(OpenApiHooks::new(OpenApiVerifier::new(ring(open_api))).router(inbox()))
            .merge(BotHooks::new(bot).router(inbox()))
            .merge(crm.router(inbox()))
            .merge(calls.protect(call));
        let account = AccountId::from_number(us.accounts[0].id).unwrap();
        let address = serve(app).await;
        // The sandbox makes tokens for the address that it calls.
        calls.set_verifier(widget(&format!("http://{address}/callback")));
        Self {
            sandbox,
            address,
            crm_path: crm.path_of(account),
            widget_path: crm.pipeline_widget_path(),
        }
    }

    /// The status of the answer.
    async fn send(&self, kind: HookKind, event: Option<&str>, variant: HookVariant) -> u16 {
        let path = match kind {
            HookKind::Chat => "/chat-hooks/:scope_id",
            HookKind::OpenApi => "/open-api-hooks",
            HookKind::Bot => "/bot-hooks",
            HookKind::Widget => "/widget",
            HookKind::PipelineWidget => &self.widget_path,
            _ => &self.crm_path,
        };
        let order = HookOrder {
            to: Some(format!("http://{}{path}", self.address)),
            event: event.map(str::to_owned),
            variant,
            repeat: false,
            ..HookOrder::new(kind)
        };
        let delivery = self.sandbox.send_hook(order).await.unwrap();
        delivery.status.unwrap()
    }
}

// Rule U6.
#[tokio::test]
async fn every_kind_of_the_platform_is_taken_and_what_is_not_its_own_is_refused() {
    let kept = kept().await;
    let platform = Platform::new(&kept).await;
    for (kind, kept_as) in [
        (HookKind::Chat, Some("chat")),
        (HookKind::OpenApi, Some("open-api")),
        (HookKind::Bot, Some("bot-token")),
        (HookKind::Widget, None),
        (HookKind::Crm, Some("unsigned-crm")),
        (HookKind::DigitalPipeline, Some("unsigned-crm")),
        (HookKind::PipelineWidget, Some("unsigned-pipeline-widget")),
    ] {
        let before = lines(&kept.inbox).await.len();
        if kind.is_signed() {
            for wrong in [HookVariant::WrongSignature, HookVariant::NoSignature] {
                let status = platform.send(kind, None, wrong).await;
                assert!([400, 401].contains(&status), "{kind:?} {wrong:?}: {status}");
            }
            assert_eq!(lines(&kept.inbox).await.len(), before, "{kind:?}");
        }
        let status = platform.send(kind, None, HookVariant::Right).await;
        assert_eq!(status, 200, "{kind:?}");
        let now = lines(&kept.inbox).await;
        assert_eq!(
            now.len(),
            before + usize::from(kept_as.is_some()),
            "{kind:?}"
        );
        if let Some(kept_as) = kept_as {
            assert!(now.iter().any(|line| line.kind == kept_as), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn what_is_sent_again_is_one_hook_and_a_token_is_used_once() {
    let kept = kept().await;
    let platform = Platform::new(&kept).await;
    for (kind, status) in [
        (HookKind::Chat, 200),
        (HookKind::OpenApi, 200),
        (HookKind::Bot, 200),
        (HookKind::Widget, 401),
    ] {
        let first = platform.send(kind, None, HookVariant::Right).await;
        assert_eq!(first, 200, "{kind:?}");
        let number = lines(&kept.inbox).await.len();
        let again = platform.send(kind, None, HookVariant::Replay).await;
        assert_eq!(again, status, "{kind:?}");
        assert_eq!(lines(&kept.inbox).await.len(), number, "{kind:?}");
    }
}

#[tokio::test]
async fn chat_hooks_of_every_event_are_read() {
    let kept = kept().await;
    let platform = Platform::new(&kept).await;
    for (event, name) in [
        ("text", "message"),
        ("picture", "message"),
        ("list-message", "message"),
        ("typing", "typing"),
        ("reaction", "reaction"),
        ("write-first", "message"),
    ] {
        let status = platform
            .send(HookKind::Chat, Some(event), HookVariant::Right)
            .await;
        assert_eq!(status, 200, "{event}");
        let now = lines(&kept.inbox).await;
        let newest = now.iter().max_by_key(|line| line.id).unwrap();
        assert_eq!(newest.event, name, "{event}");
    }
}
