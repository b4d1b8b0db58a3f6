//! By HTTP: what is sent, that another implementation verifies it, and what each answer means.

use core::time::Duration;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kommo_handover::{HttpHandover, envelope, event_type};
use kommo_hooks::inbox::HandlingOutcome;
use kommo_http::{WebhookSender, WebhookSettings, WebhookUrl};
use kommo_sign::{WebhookKey, WebhookSecret};
use kommo_store::{ClaimedHook, HookFilter, HookHandler as _, HookState, InboxWorker};
use kommo_test_support::raw_server::{RawServer, Received, Reply};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::kept::{ACCOUNT, busy, kept};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn key(secret: &str) -> WebhookKey {
    WebhookKey::new(&WebhookSecret::parse(secret).unwrap())
}

fn sender_to(url: &str, settings: &WebhookSettings) -> WebhookSender {
    WebhookSender::new(WebhookUrl::parse(url).unwrap(), key(SECRET), settings).unwrap()
}

fn handover(server: &RawServer) -> HttpHandover {
    let url = format!("http://{}/hooks?token=planted-token", server.address);
    HttpHandover::new(sender_to(&url, &WebhookSettings::new()))
}

/// What a receiver does, written apart from ours: whether one of the signatures is that of the
/// secret, and the time is now.
#[track_caller]
#[allow(clippy::disallowed_methods, reason = "a receiver reads its clock")]
fn assert_verifies(received: &Received, secret: &str) {
    let id = received.header("webhook-id");
    let time = received.header("webhook-timestamp");
    let bytes = Base64::decode_vec(&secret["whsec_".len()..]).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).unwrap();
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(&received.body);
    let expected = Base64::encode_string(&mac.finalize().into_bytes());
    let mut signatures = received.header("webhook-signature").split(' ');
    assert!(signatures.any(|signature| signature == format!("v1,{expected}")));
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let time: u64 = time.parse().unwrap();
    assert!(now.abs_diff(time) < 300, "{time}");
}

fn later(outcome: &HandlingOutcome) -> (&str, Option<Duration>) {
    match outcome {
        HandlingOutcome::Later { reason, not_before } => (reason, *not_before),
        other => panic!("{other:?}"),
    }
}

fn away(outcome: &HandlingOutcome) -> (&str, Option<Duration>) {
    match outcome {
        HandlingOutcome::Away { reason, not_before } => (reason, *not_before),
        other => panic!("{other:?}"),
    }
}

async fn one_hook() -> Arc<ClaimedHook> {
    let kept = kept().await;
    kept.put("{\"time\": 1}", "c").await;
    kept.claimed().await
}

// Rules W1, W2 and W4.
#[tokio::test]
async fn a_hook_is_sent_so_that_a_receiver_can_verify_it_with_either_key() {
    let server = RawServer::start([Reply::answer("204 No Content", &[], b"")]).await;
    let body = "{\"time\": 1,\n \"text\":\"\u{439}\", \"n\": 1.0e2}";
    let kept = kept().await;
    kept.put(body, "c").await;
    let hook = kept.claimed().await;
    let url = format!("http://{}/hooks?token=planted-token", server.address);
    let sender = sender_to(&url, &WebhookSettings::new()).also_signing(key(OLD_SECRET));
    let shown = format!("{sender:?}");
    assert!(!shown.contains("planted"), "{shown}");
    let handover = HttpHandover::new(sender);
    assert_eq!(
        handover.handle(Arc::clone(&hook)).await,
        HandlingOutcome::Done
    );
    let received = server.only();
    assert_eq!(
        received.request_line(),
        "POST /hooks?token=planted-token HTTP/1.1"
    );
    assert_eq!(received.header("webhook-id"), hook.key());
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header_values("cookie").len(), 0);
    assert_eq!(received.header_values("authorization").len(), 0);
    for secret in [SECRET, OLD_SECRET] {
        assert_verifies(&received, secret);
    }
    // The bytes as they came are in it, and how they were proven.
    let text = core::str::from_utf8(&received.body).unwrap();
    assert!(text.ends_with(&format!("\"json\":{body}}}}}")), "{text}");
    let parsed: Value = serde_json::from_str(text).unwrap();
    assert_eq!(parsed["type"], "chat.message");
    assert_eq!(parsed["data"]["account"], format!("chats:{ACCOUNT}"));
    assert_eq!(parsed["data"]["conversation"], hook.conversation().unwrap());
    assert_eq!(parsed["data"]["proof"]["kind"], "chat");
    assert_eq!(parsed["data"]["proof"]["key_id"], "2026-11");
    assert_eq!(parsed["data"]["proof"]["verified_at"], 1_796_049_008);
    assert_eq!(parsed["data"]["proof"]["covers"], "body");
    assert_eq!(parsed["timestamp"].as_str().unwrap().len(), 20);
    // Nothing of the platform's went along.
    assert!(!received.head.contains("planted-channel") && !text.contains("planted-channel"));
}

#[tokio::test]
async fn a_proof_of_the_token_says_that_it_covers_no_more() {
    let kept = kept().await;
    kept.put_token_proven(b"token=x&data[a]=1").await;
    let hook = kept.claimed().await;
    assert!(hook.proven().is_none() && hook.unsigned().is_none());
    assert_eq!(event_type(&hook), "bot_token.widget_request");
    let parsed: Value = serde_json::from_slice(&envelope(&hook)).unwrap();
    let proof = &parsed["data"]["proof"];
    assert_eq!(
        (&proof["kind"], &proof["covers"]),
        (&json!("bot-token"), &json!("token"))
    );
    assert_eq!(proof["key_id"], "2026-11");
    assert_eq!(parsed["data"]["text"], "token=x&data[a]=1");
}

#[tokio::test]
async fn what_has_no_proof_says_so() {
    let kept = kept().await;
    kept.put_unsigned(b"leads[add][0][id]=1").await;
    let hook = kept.claimed().await;
    assert_eq!(event_type(&hook), "unsigned_crm.add_lead");
    let parsed: Value = serde_json::from_slice(&envelope(&hook)).unwrap();
    assert_eq!(parsed["data"]["proof"], Value::Null);
    assert_eq!(parsed["data"]["account"], "crm:77");
    assert_eq!(parsed["data"]["text"], "leads[add][0][id]=1");
    assert_eq!(parsed["data"]["json"], Value::Null);
}

// Rule W3.
#[tokio::test]
async fn each_answer_has_its_meaning() {
    let hook = one_hook().await;
    let date = ("Date", "Mon, 30 Nov 2026 14:30:08 GMT");
    let until = ("Retry-After", "Mon, 30 Nov 2026 14:32:08 GMT");
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (status, headers, not_before) in [
        ("400 Bad Request", vec![], None),
        ("401 Unauthorized", vec![], None),
        ("404 Not Found", vec![], None),
        (
            "429 Too Many Requests",
            vec![("Retry-After", "120")],
            seconds(120),
        ),
        ("500 Internal Server Error", vec![], None),
        ("503 Service Unavailable", vec![date, until], seconds(120)),
        (
            "503 Service Unavailable",
            vec![("Retry-After", "soon")],
            None,
        ),
        ("502 Bad Gateway", vec![], None),
        ("504 Gateway Timeout", vec![], None),
        (
            "501 Not Implemented",
            vec![("Retry-After", "60")],
            seconds(60),
        ),
        ("505 Not Supported", vec![], None),
        ("304 Not Modified", vec![], None),
    ] {
        let server = RawServer::start([Reply::answer(status, &headers, b"no")]).await;
        let outcome = handover(&server).handle(Arc::clone(&hook)).await;
        let reason = format!("http {}", &status[..3]);
        let told = match &status[..3] {
            "429" | "502" | "503" | "504" => away(&outcome),
            _ => later(&outcome),
        };
        assert_eq!(told, (&*reason, not_before), "{status}");
    }
    // A date without the receiver's clock counts from ours.
    let past = [("Retry-After", "Mon, 30 Nov 2020 14:32:08 GMT")];
    let server = RawServer::start([Reply::answer("503 Busy", &past, b"")]).await;
    let outcome = handover(&server).handle(Arc::clone(&hook)).await;
    assert_eq!(away(&outcome), ("http 503", Some(Duration::ZERO)));
    for status in ["200 OK", "201 Created", "299 Odd"] {
        let server = RawServer::start([Reply::answer(status, &[], b"ok")]).await;
        let outcome = handover(&server).handle(Arc::clone(&hook)).await;
        assert_eq!(outcome, HandlingOutcome::Done, "{status}");
    }
    let server = RawServer::start([Reply::answer("410 Gone", &[], b"")]).await;
    let gone = HandlingOutcome::Refused {
        reason: "http 410".to_owned(),
    };
    assert_eq!(handover(&server).handle(hook).await, gone);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let hook = one_hook().await;
    let other = RawServer::start([Reply::answer("200 OK", &[], b"")]).await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = format!("http://{}/", other.address);
        let moved = Reply::answer(status, &[("Location", &location)], b"");
        let server = RawServer::start([moved]).await;
        let outcome = handover(&server).handle(Arc::clone(&hook)).await;
        assert_eq!(later(&outcome).0, format!("http {}", &status[..3]));
    }
    assert!(other.received().is_empty());
}

#[tokio::test]
async fn a_receiver_that_is_away_or_hangs_is_tried_again() {
    let hook = one_hook().await;
    let mut short = WebhookSettings::new();
    short.total_timeout = Duration::from_millis(300);
    let hanging = RawServer::start([Reply::silence()]).await;
    let url = format!("http://{}/", hanging.address);
    let handover_in_time = HttpHandover::new(sender_to(&url, &short));
    let outcome = handover_in_time.handle(Arc::clone(&hook)).await;
    assert_eq!(away(&outcome).0, "no whole answer in time");
    let cut = RawServer::start([Reply::cut()]).await;
    let outcome = handover(&cut).handle(Arc::clone(&hook)).await;
    assert_eq!(
        later(&outcome).0,
        "connection ended before the whole answer"
    );
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/");
    let nowhere = HttpHandover::new(sender_to(&url, &WebhookSettings::new()));
    assert_eq!(away(&nowhere.handle(hook).await).0, "no connection");
}

#[tokio::test]
async fn what_follows_the_status_changes_nothing() {
    let hook = one_hook().await;
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n".to_vec();
    // A body that never comes, one that is huge, one that is cut, one in an unknown coding.
    for reply in [
        Reply::Silence(head.clone()),
        Reply::answer("200 OK", &[], &vec![b'x'; 8 << 20]),
        Reply::Bytes(head),
        Reply::answer("200 OK", &[("Content-Encoding", "br")], b"x"),
    ] {
        let server = RawServer::start([reply]).await;
        let outcome = handover(&server).handle(Arc::clone(&hook)).await;
        assert_eq!(outcome, HandlingOutcome::Done);
    }
}

#[tokio::test]
async fn a_worker_hands_over_until_the_receiver_takes_it() {
    let server = RawServer::start([
        Reply::answer("500 Internal Server Error", &[], b""),
        Reply::cut(),
        Reply::answer("200 OK", &[], b""),
    ])
    .await;
    let kept = kept().await;
    kept.put("{\"time\":1}", "c").await;
    kept.put("{\"time\":2}", "c").await;
    let worker = InboxWorker::start(kept.inbox.clone(), busy(), handover(&server));
    kept.until_empty().await;
    assert_eq!(worker.stop().await, 0);
    let received = server.received();
    assert_eq!(received.len(), 4);
    // One id and the same bytes at each attempt, each signed; the second waited for the first.
    let first: BTreeSet<_> = received[..3]
        .iter()
        .map(|received| (received.header("webhook-id"), &received.body))
        .collect();
    assert_eq!(first.len(), 1);
    assert!(received[0].body.ends_with(b"\"json\":{\"time\":1}}}"));
    assert!(received[3].body.ends_with(b"\"json\":{\"time\":2}}}"));
    received
        .iter()
        .for_each(|received| assert_verifies(received, SECRET));
    let mut done = HookFilter::new();
    done.state = Some(HookState::Done);
    let lines = kept.inbox.list(&done, 0, 10).await.unwrap();
    assert_eq!((lines[0].attempts, lines[1].attempts), (3, 1));
}
