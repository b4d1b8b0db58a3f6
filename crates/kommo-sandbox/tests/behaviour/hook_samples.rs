//! Every kind and every event as it stands on the wire.

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_sandbox::{
    HookError, HookKind, HookOrder, HookVariant, LineFeed, Platform, SandboxConfig, TokenAlgorithm,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256, Sha512};

use crate::naive_client::{ACCOUNT, NOW, SECRET, config, hex, hmac_sha1};
use crate::receiver::{Behaviour, Received, Receiver};

const CLIENT_SECRET: &str = "client-secret-of-the-hook-tests";
const APP_SECRET: &str = "app-secret-of-the-hook-tests";

fn platform() -> Platform {
    Platform::new(SandboxConfig {
        client_secret: Some(CLIENT_SECRET.into()),
        app_secret: Some(APP_SECRET.into()),
        ..config()
    })
    .unwrap()
}

/// HMAC from its definition, for keys that are shorter than a block.
fn hmac<D: Digest>(block: usize, key: &str, message: &[u8]) -> Vec<u8> {
    let mut key = key.as_bytes().to_vec();
    key.resize(block, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = D::digest([padded(0x36), message.to_vec()].concat());
    D::digest([padded(0x5c), inner.to_vec()].concat()).to_vec()
}

async fn sent(order: HookOrder) -> Received {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let order = HookOrder {
        to: Some(receiver.url("/x/:scope_id")),
        ..order
    };
    platform().send_hook(order).await.unwrap();
    receiver.next().await
}

fn order(kind: HookKind) -> HookOrder {
    HookOrder::new(kind)
}

fn set(changes: Value) -> Map<String, Value> {
    changes.as_object().cloned().unwrap()
}

fn form(hook: &Received) -> Vec<(String, String)> {
    form_urlencoded::parse(&hook.body).into_owned().collect()
}

fn field(hook: &Received, name: &str) -> String {
    let mut fields = form(hook).into_iter();
    fields
        .find(|(known, _)| known == name)
        .map_or(String::new(), |(_, value)| value)
}

fn events(kind: HookKind) -> Vec<&'static str> {
    let wrong = HookOrder {
        event: Some("no-such-event".into()),
        to: Some("http://127.0.0.1:9/".into()),
        ..order(kind)
    };
    let refused = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(platform().send_hook(wrong));
    match refused {
        Err(HookError::UnknownEvent(events)) => events,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_event_names_those_that_there_are() {
    assert_eq!(events(HookKind::Chat).len(), 21);
    assert_eq!(events(HookKind::Crm).len(), 13);
    assert_eq!(
        events(HookKind::DigitalPipeline),
        ["status-lead", "add-lead"]
    );
    let error = HookError::UnknownEvent(vec!["a", "b"]);
    assert_eq!(error.to_string(), "event must be one of a, b");
}

#[test]
fn every_chat_event_is_signed_json_of_the_account() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for event in events(HookKind::Chat) {
        let order = HookOrder {
            event: Some(event.into()),
            ..order(HookKind::Chat)
        };
        let hook = runtime.block_on(sent(order));
        let body = hook.body.strip_suffix(b"\n").unwrap();
        assert_eq!(hook.header("x-signature"), hmac_sha1(SECRET, body));
        let json: Value = serde_json::from_slice(body).unwrap();
        let inner = &json["message"]["message"];
        match event {
            "typing" => assert_eq!(json["action"]["typing"]["expired_at"], NOW + 5),
            "reaction" => {
                let reaction = &json["action"]["reaction"];
                assert_eq!(reaction["type"], "react");
                assert_eq!(reaction["msgid"], reaction["message"]["id"]);
            }
            "unreaction" => assert!(json["action"]["reaction"].get("emoji").is_none()),
            "v1" => assert!(json["receiver"].is_string() && json.get("account_id").is_none()),
            "picture" | "video" => assert!(inner["thumbnail"].as_str().unwrap().len() > 8),
            "voice" | "audio" => assert!(inner["media_duration"].is_u64()),
            "write-first" => {
                assert!(json["message"]["conversation"].get("client_id").is_none());
            }
            "comment" => assert_eq!(inner["post"]["id"], "203055422"),
            "media-group" => assert!(inner["media_group_id"].is_string()),
            _ => assert!(inner["id"].is_string(), "{event}"),
        }
        if event != "v1" {
            assert_eq!(
                (&json["account_id"], &json["time"]),
                (&json!(ACCOUNT), &json!(NOW))
            );
        }
    }
}

#[tokio::test]
async fn two_messages_have_two_ids() {
    let id = async || {
        let hook = sent(order(HookKind::Chat)).await;
        let json: Value = serde_json::from_slice(&hook.body).unwrap();
        json["message"]["message"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_ne!(id().await, id().await);
}

#[tokio::test]
async fn the_line_feed_is_signed_unsigned_or_absent() {
    let signed = sent(HookOrder {
        line_feed: LineFeed::Signed,
        ..order(HookKind::Chat)
    })
    .await;
    assert!(signed.body.ends_with(b"}\n"));
    assert_eq!(
        signed.header("x-signature"),
        hmac_sha1(SECRET, &signed.body)
    );
    let absent = sent(HookOrder {
        line_feed: LineFeed::Absent,
        ..order(HookKind::Chat)
    })
    .await;
    assert!(absent.body.ends_with(b"}"));
    assert_eq!(
        absent.header("x-signature"),
        hmac_sha1(SECRET, &absent.body)
    );
}

#[tokio::test]
async fn a_sample_is_changed_before_it_is_signed_and_escaped_as_go_does() {
    let hook = sent(HookOrder {
        set: set(json!({ "message.message.text": "a<b>&c" })),
        ..order(HookKind::Chat)
    })
    .await;
    let text = String::from_utf8(hook.body.clone()).unwrap();
    assert!(text.contains(r"a\u003cb\u003e\u0026c"), "{text}");
    let body = hook.body.strip_suffix(b"\n").unwrap();
    assert_eq!(hook.header("x-signature"), hmac_sha1(SECRET, body));

    let nowhere = HookOrder {
        to: Some("http://127.0.0.1:9/".into()),
        set: set(json!({ "account_id.x": 1 })),
        ..order(HookKind::Chat)
    };
    let refused = platform().send_hook(nowhere).await;
    assert_eq!(refused, Err(HookError::NoSuchPath("account_id.x".into())));
    let form = sent(HookOrder {
        set: set(json!({ "leads[status][0][id]": 5 })),
        ..order(HookKind::Crm)
    })
    .await;
    assert_eq!(field(&form, "leads[status][0][id]"), "5");
}

#[test]
fn crm_hooks_begin_with_the_account_and_pipeline_hooks_end_with_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for kind in [HookKind::Crm, HookKind::DigitalPipeline] {
        for event in events(kind) {
            let order = HookOrder {
                event: Some(event.into()),
                ..order(kind)
            };
            let fields = form(&runtime.block_on(sent(order)));
            let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
            match kind {
                HookKind::Crm => assert_eq!(
                    names[..3],
                    ["account[subdomain]", "account[id]", "account[_links][self]"]
                ),
                _ => assert_eq!(
                    names[names.len() - 2..],
                    ["account[id]", "account[subdomain]"]
                ),
            }
            assert!(
                fields.iter().all(|(_, value)| !value.contains('{')),
                "{fields:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_pipeline_widget_hook_names_event_action_and_account() {
    let hook = sent(order(HookKind::PipelineWidget)).await;
    assert_eq!(field(&hook, "event[type_code]"), "lead_appeared_in_status");
    assert_eq!(field(&hook, "account_id"), "10000001");
    assert_eq!(hook.header("user-agent"), "amoCRM-Webhooks/3.0");
}

struct Token {
    header: Value,
    claims: Value,
    signed: String,
    mac: Vec<u8>,
}

fn token(text: &str) -> Token {
    let parts: Vec<_> = text.split('.').collect();
    let decoded = |part: &str| Base64UrlUnpadded::decode_vec(part).unwrap();
    Token {
        header: serde_json::from_slice(&decoded(parts[0])).unwrap(),
        claims: serde_json::from_slice(&decoded(parts[1])).unwrap(),
        signed: format!("{}.{}", parts[0], parts[1]),
        mac: decoded(parts[2]),
    }
}

#[tokio::test]
async fn a_bot_hook_is_a_form_with_a_token_of_hs512() {
    let hook = sent(order(HookKind::Bot)).await;
    assert_eq!(
        hook.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        field(&hook, "return_url"),
        "https://sandbox-one.kommo.com/api/v4/salesbot/321/continue/123"
    );
    // A placeholder that cannot be filled arrives as it is.
    assert_eq!(field(&hook, "data[phone]"), "{{contact.phone}}");
    let proven = token(&field(&hook, "token"));
    assert_eq!(proven.header, json!({"typ": "JWT", "alg": "HS512"}));
    assert_eq!(
        proven.mac,
        hmac::<Sha512>(128, CLIENT_SECRET, proven.signed.as_bytes())
    );
    assert_eq!(
        proven.claims["aud"],
        format!("http://{}", hook.header("host"))
    );
    assert!(proven.claims["iat"].is_f64());
    assert_eq!(proven.claims["entity_type"], "2");

    let odd = sent(HookOrder {
        variant: HookVariant::WrongSignature,
        algorithm: Some(TokenAlgorithm::Hs256),
        claims: set(json!({ "client_uuid": null, "client_uid": "x", "exp": 1 })),
        ..order(HookKind::Bot)
    })
    .await;
    let odd = token(&field(&odd, "token"));
    assert_eq!(odd.header["alg"], "HS256");
    assert_ne!(
        odd.mac,
        hmac::<Sha256>(64, CLIENT_SECRET, odd.signed.as_bytes())
    );
    assert_eq!(
        (&odd.claims["client_uid"], &odd.claims["exp"]),
        (&json!("x"), &json!(1))
    );
    assert!(odd.claims.get("client_uuid").is_none());

    let bare = sent(HookOrder {
        variant: HookVariant::NoSignature,
        ..order(HookKind::Bot)
    })
    .await;
    let bare = token(&field(&bare, "token"));
    assert_eq!((&bare.header["alg"], bare.mac.len()), (&json!("none"), 0));
}

#[tokio::test]
async fn a_widget_calls_with_a_one_time_token_from_the_accounts_page() {
    let hook = sent(order(HookKind::Widget)).await;
    assert_eq!(hook.header("origin"), "https://sandbox-one.kommo.com");
    let proven = token(hook.header("x-auth-token"));
    assert_eq!(proven.header["alg"], "HS256");
    assert_eq!(
        proven.mac,
        hmac::<Sha256>(64, CLIENT_SECRET, proven.signed.as_bytes())
    );
    assert_eq!(proven.claims["exp"], NOW + 1800);
    assert_eq!(proven.claims["user_id"], 20_000_001);
    let bare = sent(HookOrder {
        variant: HookVariant::NoSignature,
        ..order(HookKind::Widget)
    })
    .await;
    assert_eq!(bare.header("x-auth-token"), "");
}

#[tokio::test]
async fn a_webhook_of_the_open_api_is_signed_over_its_body() {
    let hook = sent(order(HookKind::OpenApi)).await;
    let right = hex(&hmac::<Sha256>(64, APP_SECRET, &hook.body));
    assert_eq!(hook.header("x-chat-signature"), right);
    let json: Value = serde_json::from_slice(&hook.body).unwrap();
    assert_eq!(json["event"], "UNREPLIED");
    let wrong = sent(HookOrder {
        variant: HookVariant::WrongSignature,
        ..order(HookKind::OpenApi)
    })
    .await;
    let right = hex(&hmac::<Sha256>(64, APP_SECRET, &wrong.body));
    assert_eq!(wrong.header("x-chat-signature").len(), 64);
    assert_ne!(wrong.header("x-chat-signature"), right);
}
