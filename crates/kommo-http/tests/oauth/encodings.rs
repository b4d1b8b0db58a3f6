//! Answers to token requests that something on the way compressed or re-encoded.

use kommo_http::BudgetSettings;
use kommo_keeper::Probe;
use kommo_oauth::refresh::SendOutcome;
use kommo_oauth::token::{TokenAnswer, TokenRefusalKind};

use crate::budget::counted;
use crate::gzip::gzip;
use crate::raw_server::Reply;
use crate::scene::{JSON, PAIR, Scene, host};

const GZIP: (&str, &str) = ("Content-Encoding", "gzip");
const BROTLI: (&str, &str) = ("Content-Encoding", "br");

// Invariant I6: a pair that arrives compressed is a pair.
#[tokio::test]
async fn a_pair_in_gzip_or_in_utf_16_is_a_pair() {
    let utf16: Vec<u8> = PAIR.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for reply in [
        Reply::answer("200 OK", &[JSON, GZIP], &gzip(PAIR.as_bytes())),
        Reply::answer("200 OK", &[JSON, GZIP], &gzip(&utf16)),
        Reply::answer("200 OK", &[JSON], &utf16),
        Reply::answer("200 OK", &[JSON], format!("\u{feff}{PAIR}").as_bytes()),
    ] {
        let scene = Scene::start([reply]).await;
        let outcome = scene.refresh().await;
        assert!(
            matches!(outcome, SendOutcome::Answered(TokenAnswer::Granted(_))),
            "{outcome:?}"
        );
        let sent = scene.server.received();
        assert_eq!(sent[0].header("accept-encoding"), "identity");
    }
}

// Rule L6.
#[tokio::test]
async fn a_refusal_in_a_coding_is_a_refusal_and_no_block() {
    let body = gzip(br#"{"hint":"Token has been revoked"}"#);
    let scene = Scene::start([Reply::answer("401 X", &[JSON, GZIP], &body)]).await;
    let SendOutcome::Answered(TokenAnswer::Refused(refusal)) = scene.refresh().await else {
        panic!("no refusal");
    };
    assert_eq!(refusal.kind, TokenRefusalKind::RefreshTokenRevoked);
    for (status, kind) in [
        ("403 X", TokenRefusalKind::Forbidden),
        ("402 X", TokenRefusalKind::PaymentRequired),
        ("400 X", TokenRefusalKind::Unknown),
    ] {
        let reply = Reply::answer(status, &[JSON, BROTLI], b"\x0b");
        let (scene, budget) = counted(reply, BudgetSettings::new()).await;
        let SendOutcome::Answered(TokenAnswer::Refused(refusal)) = scene.refresh().await else {
            panic!("no refusal");
        };
        assert_eq!(refusal.kind, kind);
        assert_eq!(budget.open_breaker(host()), None);
    }
}

#[tokio::test]
async fn a_success_in_an_unknown_coding_is_lost_and_a_probe_of_it_proves_nothing() {
    let reply = Reply::answer("200 OK", &[JSON, BROTLI], b"\x0b");
    let scene = Scene::start([reply]).await;
    assert_eq!(scene.refresh().await, SendOutcome::Lost);
    assert_eq!(scene.probe().await, Probe::Inconclusive);
}
