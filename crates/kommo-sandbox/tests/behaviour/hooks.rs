//! Hooks out: what stands on the wire, what is odd on purpose, and what is told about it.

use core::time::Duration;

use kommo_sandbox::{
    ClientParameter, DeliveryOutcome, Direction, GrantOrder, HookError, HookKind, HookOrder,
    HookVariant, IntegrationSettings, LineFeed, OutwardRules, Platform, SandboxConfig, Verdict,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::browser::Browser;
use crate::naive_client::{Draft, NOW, SECRET, config, hex, hmac_sha1, platform};
use crate::receiver::{Behaviour, Received, Receiver};

const CLIENT: &str = "c11e0000-0000-4000-8000-000000000001";
const CLIENT_SECRET: &str = "client-secret-of-the-hook-tests";
const SENDER: &str = "amoService-oAuth-Code-Sender/1.0";

/// A platform whose integration has its redirect URI and its disconnect hook at the receiver.
fn platform_for(receiver: &Receiver) -> Platform {
    Platform::new(SandboxConfig {
        client_secret: Some(CLIENT_SECRET.into()),
        redirect_uri: receiver.url("/redirect?own=1"),
        integration: IntegrationSettings {
            disconnect_hook_uri: Some(receiver.url("/off?tenant=7")),
            has_widget: true,
            ..IntegrationSettings::default()
        },
        ..config()
    })
    .unwrap()
}

fn order(kind: HookKind) -> HookOrder {
    HookOrder::new(kind)
}

fn named(received: &Received) -> Vec<String> {
    received
        .parameters()
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

fn value(received: &Received, wanted: &str) -> String {
    let mut pairs = received.parameters().into_iter();
    pairs
        .find(|(name, _)| name == wanted)
        .map_or(String::new(), |(_, value)| value)
}

/// HMAC-SHA256 once more, from its definition.
fn hmac_sha256(secret: &str, message: &str) -> String {
    let mut key = secret.as_bytes().to_vec();
    assert!(key.len() <= 64, "this naive HMAC takes short keys only");
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = Sha256::digest([padded(0x36), message.as_bytes().to_vec()].concat());
    hex(&Sha256::digest([padded(0x5c), inner.to_vec()].concat()))
}

#[tokio::test]
async fn an_install_hook_brings_a_code_and_no_state() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    let delivery = platform.send_hook(order(HookKind::Install)).await.unwrap();
    let hook = receiver.next().await;
    assert!(
        hook.request_line()
            .starts_with("GET /redirect?own=1&code=def502")
    );
    assert_eq!(
        named(&hook),
        ["own", "code", "referer", "from_widget", "client_id"]
    );
    assert_eq!(value(&hook, "referer"), "sandbox-one.kommo.com");
    assert_eq!(value(&hook, "from_widget"), "1");
    assert_eq!(value(&hook, "client_id"), CLIENT);
    assert_eq!(hook.header("user-agent"), SENDER);
    assert_eq!(hook.header("host"), receiver.address.to_string());

    assert_eq!(
        (delivery.outcome, delivery.status),
        (DeliveryOutcome::Answered, Some(200))
    );
    assert!(
        delivery.target.contains("code=(code)&"),
        "{}",
        delivery.target
    );
    let entry = platform.journal().pop().unwrap();
    assert_eq!(
        (entry.direction, entry.verdict),
        (Direction::Out, Verdict::Accepted)
    );
    assert_eq!((entry.status, entry.target), (Some(200), delivery.target));
    let counters = platform.counters();
    assert_eq!((counters.hooks_sent, counters.hooks_answered_200), (1, 1));
}

#[tokio::test]
async fn an_install_hook_of_an_account_under_amocrm_ru_names_its_platform() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    let order = HookOrder {
        account: Some(10_000_002),
        ..order(HookKind::Install)
    };
    platform.send_hook(order).await.unwrap();
    let hook = receiver.next().await;
    assert_eq!(
        (value(&hook, "platform"), value(&hook, "referer")),
        ("1".into(), "sandbox-two.amocrm.ru".into())
    );
}

#[tokio::test]
async fn allowing_a_widgets_integration_for_the_first_time_sends_an_install_hook_too() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    let target = format!("/oauth?client_id={CLIENT}");
    let mut browser = Browser::at(&platform, "www.kommo.com");
    browser.log_in(&target, "admin@sandbox.example").await;
    let mut location = String::new();
    for _ in 0..2 {
        let answer = browser
            .post(&target, &[("step", "allow"), ("account", "10000001")])
            .await;
        location = answer.header("location").to_owned();
    }
    let hook = receiver.next().await;
    assert_eq!(value(&hook, "from_widget"), "1");
    assert!(
        !location.contains(&value(&hook, "code")),
        "the hook has a code of its own"
    );
    assert_eq!(
        platform.deliveries_after(0).len(),
        1,
        "the second consent is no installation"
    );
}

#[tokio::test]
async fn a_disconnect_hook_is_signed_over_client_and_account() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    platform
        .send_hook(order(HookKind::Disconnect))
        .await
        .unwrap();
    let hook = receiver.next().await;
    assert_eq!(
        named(&hook),
        ["tenant", "client_uuid", "account_id", "signature"]
    );
    assert_eq!(value(&hook, "client_uuid"), CLIENT);
    assert_eq!(value(&hook, "account_id"), "10000001");
    let message = format!("{CLIENT}|10000001");
    assert_eq!(
        value(&hook, "signature"),
        hmac_sha256(CLIENT_SECRET, &message)
    );
    assert_eq!(hook.header("user-agent"), SENDER);
    assert!(
        platform.deliveries_after(0)[0]
            .target
            .ends_with("&signature=(signature)")
    );
}

#[tokio::test]
async fn a_disconnect_hook_can_be_wrong_in_every_way_that_matters() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    let send = |order: HookOrder| platform.send_hook(order);

    let wrong = HookOrder {
        variant: HookVariant::WrongSignature,
        ..order(HookKind::Disconnect)
    };
    send(wrong).await.unwrap();
    let hook = receiver.next().await;
    let right = hmac_sha256(CLIENT_SECRET, &format!("{CLIENT}|10000001"));
    assert_eq!(value(&hook, "signature").len(), 64);
    assert_ne!(value(&hook, "signature"), right);

    let bare = HookOrder {
        variant: HookVariant::NoSignature,
        ..order(HookKind::Disconnect)
    };
    send(bare).await.unwrap();
    assert_eq!(
        named(&receiver.next().await),
        ["tenant", "client_uuid", "account_id"]
    );

    let older = HookOrder {
        client_parameter: ClientParameter::ClientId,
        ..order(HookKind::Disconnect)
    };
    send(older).await.unwrap();
    assert_eq!(
        named(&receiver.next().await),
        ["tenant", "client_id", "account_id", "signature"]
    );

    let both = HookOrder {
        client_parameter: ClientParameter::Both,
        ..order(HookKind::Disconnect)
    };
    send(both).await.unwrap();
    let first = receiver.next().await;
    let replay = HookOrder {
        variant: HookVariant::Replay,
        ..order(HookKind::Disconnect)
    };
    send(replay).await.unwrap();
    assert_eq!(receiver.next().await.head, first.head);
}

#[tokio::test]
async fn a_chat_hook_is_signed_over_its_body_and_followed_by_a_line_feed() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform();
    let chat = HookOrder {
        to: Some(receiver.url("/chats/:scope_id")),
        ..order(HookKind::Chat)
    };
    platform.send_hook(chat.clone()).await.unwrap();
    let hook = receiver.next().await;
    assert_eq!(
        hook.request_line(),
        "POST /chats/c0ffee00-0000-4000-8000-000000000001_acc00000-0000-4000-8000-000000000001 HTTP/1.1"
    );
    let entry = platform.journal().pop().unwrap();
    assert_eq!(entry.detail.unwrap().body_bytes, hook.body.len());
    let (line_feed, body) = hook.body.split_last().unwrap();
    assert_eq!(*line_feed, b'\n');
    assert_eq!(hook.header("x-signature"), hmac_sha1(SECRET, body));
    let message: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(
        (&message["time"], &message["message"]["message"]["type"]),
        (&json!(NOW), &json!("text"))
    );

    let own = HookOrder {
        body: Some(json!(" {\"a\" : 1}")),
        line_feed: LineFeed::Absent,
        ..chat.clone()
    };
    platform.send_hook(own).await.unwrap();
    let hook = receiver.next().await;
    assert_eq!(hook.body, b" {\"a\" : 1}");
    assert_eq!(hook.header("x-signature"), hmac_sha1(SECRET, &hook.body));

    let wrong = HookOrder {
        variant: HookVariant::WrongSignature,
        ..chat.clone()
    };
    platform.send_hook(wrong).await.unwrap();
    let hook = receiver.next().await;
    let right = hmac_sha1(SECRET, hook.body.strip_suffix(b"\n").unwrap());
    assert_eq!(hook.header("x-signature").len(), 40);
    assert_ne!(hook.header("x-signature"), right);

    let bare = HookOrder {
        variant: HookVariant::NoSignature,
        ..chat
    };
    platform.send_hook(bare).await.unwrap();
    assert_eq!(receiver.next().await.header("x-signature"), "");
}

#[tokio::test]
async fn a_crm_hook_is_an_unsigned_form() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let crm = HookOrder {
        to: Some(receiver.url("/crm/token")),
        ..order(HookKind::Crm)
    };
    platform().send_hook(crm).await.unwrap();
    let hook = receiver.next().await;
    assert_eq!(hook.request_line(), "POST /crm/token HTTP/1.1");
    assert_eq!(hook.header("user-agent"), "amoCRM-Webhooks/3.0");
    assert_eq!(
        hook.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(hook.header("x-amocrm-requestid").len(), 36);
    assert_eq!(hook.header("x-signature"), "");
    let fields: Vec<(String, String)> = form_urlencoded::parse(&hook.body).into_owned().collect();
    for (name, value) in [
        ("account[id]", "10000001"),
        ("account[subdomain]", "sandbox-one"),
        ("leads[status][0][status_id]", "142"),
    ] {
        assert!(fields.contains(&(name.into(), value.into())), "{fields:?}");
    }
}

#[tokio::test]
async fn what_the_receiver_does_is_told() {
    for (behaviour, outcome, status, code) in [
        (
            Behaviour::Answer(500),
            DeliveryOutcome::Answered,
            Some(500),
            "crm-answered-otherwise",
        ),
        (
            Behaviour::HangUp,
            DeliveryOutcome::Broken,
            None,
            "crm-broken",
        ),
        (
            Behaviour::Silence,
            DeliveryOutcome::TimedOut,
            None,
            "crm-timed-out",
        ),
    ] {
        let receiver = Receiver::start(behaviour).await;
        let platform = platform();
        let crm = HookOrder {
            to: Some(receiver.url("/")),
            limit_ms: Some(200),
            ..order(HookKind::Crm)
        };
        let delivery = platform.send_hook(crm).await.unwrap();
        assert_eq!((delivery.outcome, delivery.status), (outcome, status));
        assert_eq!(platform.deliveries_after(0), [delivery]);
        let entry = platform.journal().pop().unwrap();
        assert_eq!((entry.verdict, entry.status), (Verdict::Refused, status));
        assert_eq!(entry.detail.unwrap().code, code);
        let counters = platform.counters();
        assert_eq!((counters.hooks_sent, counters.hooks_answered_200), (1, 0));
    }
    let gone = Receiver::start(Behaviour::HangUp).await;
    let url = gone.url("/");
    drop(gone);
    // The task that listens ends at its next turn.
    tokio::task::yield_now().await;
    let crm = HookOrder {
        to: Some(url),
        ..order(HookKind::Crm)
    };
    assert_eq!(
        platform().send_hook(crm).await.unwrap().outcome,
        DeliveryOutcome::NotConnected
    );
}

#[tokio::test]
async fn a_hook_that_nobody_waits_for_any_more_is_finished_and_written_down() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform();
    let crm = HookOrder {
        to: Some(receiver.url("/")),
        ..order(HookKind::Crm)
    };
    let mut sending = Box::pin(platform.send_hook(crm));
    tokio::select! {
        biased;
        _ = sending.as_mut() => panic!("nobody can have answered yet"),
        () = core::future::ready(()) => {}
    }
    drop(sending);
    receiver.next().await;
    let ended = async {
        while platform.deliveries_after(0)[0].outcome == DeliveryOutcome::UnderWay {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .unwrap();
    assert_eq!(platform.deliveries_after(0)[0].status, Some(200));
    assert_eq!(platform.journal().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut receiver = Receiver::start(Behaviour::Answer(302)).await;
    let crm = HookOrder {
        to: Some(receiver.url("/")),
        ..order(HookKind::Crm)
    };
    assert_eq!(platform().send_hook(crm).await.unwrap().status, Some(302));
    receiver.next().await;
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn nothing_is_sent_to_another_machine_or_by_https() {
    let platform = platform();
    for (to, error) in [
        ("http://192.0.2.1/hook", HookError::NotLoopback),
        ("http://integration.example/hook", HookError::NotLoopback),
        (
            "http://localhost.integration.example/hook",
            HookError::NotLoopback,
        ),
        ("https://127.0.0.1/hook", HookError::NotHttpAddress),
        ("ftp://127.0.0.1/hook", HookError::NotHttpAddress),
        ("127.0.0.1/hook", HookError::NotHttpAddress),
    ] {
        for kind in HookKind::ORDERED {
            let order = HookOrder {
                to: Some(to.into()),
                ..order(kind)
            };
            assert_eq!(platform.send_hook(order).await.unwrap_err(), error, "{to}");
        }
    }
    assert!(platform.deliveries_after(0).is_empty() && platform.journal().is_empty());
    assert_eq!(platform.counters().hooks_sent, 0);
}

#[tokio::test]
async fn what_cannot_be_made_is_an_error_and_nothing_is_sent() {
    let platform = platform();
    let errors = [
        (order(HookKind::Disconnect), HookError::NoTarget),
        (order(HookKind::Chat), HookError::NoTarget),
        (order(HookKind::Crm), HookError::NoTarget),
        (order(HookKind::Secrets), HookError::NotOrdered),
        (
            HookOrder {
                variant: HookVariant::Replay,
                ..order(HookKind::Chat)
            },
            HookError::NothingToReplay,
        ),
        (
            HookOrder {
                account: Some(1),
                ..order(HookKind::Install)
            },
            HookError::UnknownAccount,
        ),
        (
            HookOrder {
                user: Some(1),
                to: Some("http://127.0.0.1:9/".into()),
                ..order(HookKind::Install)
            },
            HookError::UnknownUser,
        ),
        (
            HookOrder {
                previous_secret: true,
                to: Some("http://127.0.0.1:9/".into()),
                ..order(HookKind::Disconnect)
            },
            HookError::NoPreviousSecret,
        ),
    ];
    for (order, error) in errors {
        assert_eq!(platform.send_hook(order).await.unwrap_err(), error);
    }
}

async fn call(platform: &Platform, method: &str, name: &str, body: &str) -> (u16, Value) {
    let target = format!("{}/{name}", platform.control_path());
    let answer = Draft::new(method, &target).body(body).send(platform).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn the_control_api_sends_hooks_and_tells_what_became_of_them() {
    let mut receiver = Receiver::start(Behaviour::Answer(204)).await;
    let platform = platform_for(&receiver);
    let (status, begun) = call(&platform, "POST", "hooks/install", "").await;
    assert_eq!((status, &begun), (200, &json!({ "delivery": 1 })));
    receiver.next().await;

    let (_, ended) = call(&platform, "POST", "hooks/disconnect", r#"{"wait":true}"#).await;
    assert_eq!(
        ended,
        json!({ "delivery": 2, "outcome": "answered", "status": 204 })
    );
    let (_, told) = call(&platform, "GET", "deliveries?after=1", "").await;
    let told = &told["deliveries"][0];
    assert_eq!(
        (&told["id"], &told["kind"]),
        (&json!(2), &json!("disconnect"))
    );
    assert_eq!(
        (&told["account"], &told["outcome"]),
        (&json!(10_000_001), &json!("answered"))
    );
}

#[tokio::test]
async fn the_control_api_refuses_hooks_that_it_does_not_understand() {
    let platform = platform();
    for (method, name, body, status) in [
        ("POST", "hooks/nothing", "", 404),
        ("POST", "hooks/secrets", "", 404),
        ("POST", "hooks/", "", 404),
        ("GET", "hooks/chat", "", 405),
        ("POST", "deliveries", "", 405),
        ("GET", "deliveries?after=x", "", 400),
        ("POST", "hooks/chat", "{", 400),
        ("POST", "hooks/chat", r#"{"kind":"crm"}"#, 400),
        ("POST", "hooks/chat", r#"{"to":"https://example.com"}"#, 400),
    ] {
        let (given, told) = call(&platform, method, name, body).await;
        assert_eq!(given, status, "{name} {body}");
        assert!(told["error"].is_string());
    }
}

#[tokio::test]
async fn remote_hosts_are_called_only_if_the_rules_say_so() {
    let outward = OutwardRules {
        allow_remote_hooks: true,
        ..OutwardRules::default()
    };
    let platform = Platform::new(SandboxConfig {
        outward,
        ..config()
    })
    .unwrap();
    // A name that no name server knows: nothing leaves the machine, but the host is not refused.
    let crm = HookOrder {
        to: Some("http://nowhere.invalid/".into()),
        limit_ms: Some(500),
        ..order(HookKind::Crm)
    };
    let began = tokio::time::timeout(Duration::from_secs(5), platform.send_hook(crm))
        .await
        .unwrap();
    assert_ne!(began.unwrap().outcome, DeliveryOutcome::Answered);
}

#[tokio::test]
async fn switching_off_and_revoking_send_the_disconnect_hook_unless_told_otherwise() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    let grant = &platform.make_grants(GrantOrder::new(1)).unwrap()[0];
    assert!(platform.revoke_grant(grant.account, grant.user));
    assert_eq!(value(&receiver.next().await, "account_id"), "10000001");

    platform.issue_code(10_000_002, None).unwrap();
    platform.deactivate(None).unwrap();
    let mut accounts = Vec::new();
    while accounts.len() < platform.deliveries_after(1).len() {
        let hook = receiver.next().await;
        assert!(
            hook.request_line()
                .starts_with("GET /off?tenant=7&client_uuid=")
        );
        accounts.push(value(&hook, "account_id"));
    }
    assert!(accounts.contains(&"10000002".to_owned()), "{accounts:?}");

    let silent = Platform::new(SandboxConfig {
        outward: OutwardRules {
            disconnect_on_deactivation: false,
            ..OutwardRules::default()
        },
        integration: platform.integration_settings(),
        ..config()
    })
    .unwrap();
    silent.activate();
    silent.issue_code(10_000_001, None).unwrap();
    silent.deactivate(Some(10_000_001)).unwrap();
    assert!(silent.deliveries_after(0).is_empty());
}
