//! What every kind has in common: bodies that are too large, too slow or broken, and a database
//! that does not answer.

use core::net::SocketAddr;
use core::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::post;
use kommo_account::{AccountId, Realm};
use kommo_axum::{
    BotHooks, ChatHooks, CrmHooks, CrmPaths, OpenApiHooks, WidgetCaller, WidgetCalls,
};
use kommo_hooks::{BotTokenVerifier, ChatHookVerifier, OpenApiVerifier, WidgetTokenVerifier};
use kommo_sign::{AppSecret, ChannelSecret, ChatHookKey, JwsAlgorithm, KeyId, KeyRing, OpenApiKey};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, query};
use tokio::time::{Instant, pause, resume};
use tower::ServiceExt as _;

use crate::app::{Kept, answer, count, exchange, head, kept, serve, whole};
use crate::tokens::{SECRET, claims, client_id, ring, token};

const SCOPE: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_52e591f7-c98f-4255-8495-827210138c81";
const BODY: &str = r#"{"time":1}"#;

/// A kind of hook: where it goes, its head without a length, and a body that is taken.
struct Sample {
    path: String,
    fields: String,
    body: String,
}

impl Sample {
    fn request(&self) -> Request<Body> {
        let mut request = Request::post(&self.path);
        for line in self.fields.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

fn keys<K>(key: K) -> KeyRing<K> {
    let mut keys = KeyRing::new();
    keys.insert(KeyId::parse("current").unwrap(), key, None)
        .unwrap();
    keys
}

/// Receivers of every kind, whose bodies have at most this many bytes and come in this time.
struct Receivers {
    chat: ChatHooks,
    open_api: OpenApiHooks,
    bot: BotHooks,
    crm: CrmHooks,
    widget: WidgetCalls,
}

impl Receivers {
    fn new(bytes: usize, within: Duration) -> Self {
        let chat = ChatHookKey::new(&ChannelSecret::new(SECRET).unwrap());
        let open_api = OpenApiKey::new(&AppSecret::new(SECRET).unwrap());
        let bot = BotTokenVerifier::new(client_id(), ring(JwsAlgorithm::Hs512, SECRET));
        let crm = CrmPaths::new(SECRET.as_bytes(), Realm::Real, client_id()).unwrap();
        let (address, ring) = ("https://app.example/", ring(JwsAlgorithm::Hs256, SECRET));
        let widget = WidgetTokenVerifier::new(client_id(), address, ring);
        Self {
            chat: ChatHooks::new(ChatHookVerifier::new(keys(chat)))
                .body_max_bytes(bytes)
                .body_within(within),
            open_api: OpenApiHooks::new(OpenApiVerifier::new(keys(open_api)))
                .body_max_bytes(bytes)
                .body_within(within),
            bot: BotHooks::new(bot).body_max_bytes(bytes).body_within(within),
            crm: CrmHooks::new(crm).body_max_bytes(bytes).body_within(within),
            widget: WidgetCalls::new(widget)
                .body_max_bytes(bytes)
                .body_within(within),
        }
    }

    fn app(&self, kept: &Kept) -> Router {
        let inbox = || kept.inbox.clone();
        let call = post(async |_: WidgetCaller| {});
        Router::new()
            .merge(self.chat.router(inbox()))
            .merge(self.open_api.router(inbox()))
            .merge(self.bot.router(inbox()))
            .merge(self.crm.router(inbox()))
            .merge(self.widget.protect(Router::new().route("/widget", call)))
    }

    async fn serve(&self, kept: &Kept) -> SocketAddr {
        serve(self.app(kept)).await
    }

    fn samples(&self) -> [Sample; 5] {
        let chat = ChatHookKey::new(&ChannelSecret::new(SECRET).unwrap()).sign(BODY.as_bytes());
        let open_api = OpenApiKey::new(&AppSecret::new(SECRET).unwrap()).sign(BODY.as_bytes());
        let url = "https://myshop.kommo.com/api/v4/salesbot/321/continue/123";
        let bot = token("HS512", SECRET, &claims("unused"));
        let widget = token("HS256", SECRET, &claims("one"));
        let sample = |path: &str, fields: String, body: &str| Sample {
            path: path.to_owned(),
            fields,
            body: body.to_owned(),
        };
        let account = AccountId::from_number(7).unwrap();
        [
            sample(
                &format!("/chat-hooks/{SCOPE}"),
                format!("X-Signature: {}\r\n", chat.as_str()),
                BODY,
            ),
            sample(
                "/open-api-hooks",
                format!("X-Chat-Signature: {}\r\n", open_api.as_str()),
                BODY,
            ),
            sample(
                "/bot-hooks",
                String::new(),
                &json!({"token": bot, "return_url": url}).to_string(),
            ),
            sample(
                &self.crm.path_of(account),
                String::new(),
                "account[id]=7&leads[add][0][id]=1",
            ),
            sample("/widget", format!("X-Auth-Token: {widget}\r\n"), BODY),
        ]
    }
}

/// So many bytes in pieces, with no length, and no end.
fn in_pieces(sample: &Sample, bytes: usize) -> String {
    let fields = format!("{}Transfer-Encoding: chunked\r\n", sample.fields);
    let piece = "x".repeat(bytes - 1);
    head(&sample.path, &fields) + &format!("{:x}\r\n{piece}\r\n1\r\nx\r\n", piece.len())
}

fn declared(sample: &Sample, bytes: usize) -> String {
    let fields = format!("{}Content-Length: {bytes}\r\n", sample.fields);
    head(&sample.path, &fields)
}

#[tokio::test]
async fn huge_bodies_of_every_kind_are_cut() {
    let kept = kept().await;
    let receivers = Receivers::new(2_000, Duration::from_secs(600));
    let address = receivers.serve(&kept).await;
    for sample in receivers.samples() {
        // None of these bodies ends.
        for request in [declared(&sample, 2_001), in_pieces(&sample, 2_001)] {
            let seen = exchange(address, request.as_bytes()).await;
            assert_eq!(seen, answer(413, "too-large"), "{}", sample.path);
        }
        let request = whole(&sample.path, &sample.fields, sample.body.as_bytes());
        assert_eq!(
            exchange(address, &request).await,
            answer(200, ""),
            "{}",
            sample.path
        );
    }
    assert_eq!(count(&kept.inbox).await, 4);
}

#[tokio::test]
async fn bodies_of_every_kind_that_do_not_come_are_cut() {
    let kept = kept().await;
    let receivers = Receivers::new(2_000, Duration::from_millis(50));
    let address = receivers.serve(&kept).await;
    for sample in receivers.samples() {
        for request in [declared(&sample, 2_000), in_pieces(&sample, 100)] {
            let seen = exchange(address, request.as_bytes()).await;
            assert_eq!(seen, answer(408, "too-slow"), "{}", sample.path);
        }
    }
    assert_eq!(count(&kept.inbox).await, 0);
}

/// Each kind has the time that the platform gives it. Time is virtual: it jumps to the next timer
/// as soon as everything waits.
#[tokio::test]
async fn the_answer_comes_in_time_although_the_database_does_not() {
    let kept = kept().await;
    let receivers = Receivers::new(2_000, Duration::from_secs(600));
    let app = receivers.app(&kept);
    let path = kept.directory.path().join("store.db");
    let url = format!("sqlite:{}", path.display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let platform_waits = [5, 5, 2, 2].map(Duration::from_secs);
    for (sample, waits) in receivers.samples().iter().zip(platform_waits) {
        pause();
        let began = Instant::now();
        let answer = app.clone().oneshot(sample.request()).await.unwrap();
        let took = began.elapsed();
        resume();
        assert_eq!(answer.status(), 503, "{}", sample.path);
        assert!(took < waits, "{}: {took:?}", sample.path);
    }
    query("ROLLBACK").execute(&mut other).await.unwrap();
    for sample in receivers.samples().iter().take(4) {
        let answer = app.clone().oneshot(sample.request()).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", sample.path);
    }
}
