//! Answers that something on the way compressed or re-encoded, though nothing of it was asked for.

use kommo_http::{CrmAnswer, CrmRefusalKind, TransportError};
use serde_json::{Value, json};

use crate::gzip::gzip;
use crate::raw_server::Reply;
use crate::scene::{Error, HTML, JSON, PROBLEM, Scene, get};

const GZIP: (&str, &str) = ("Content-Encoding", "gzip");
const BROTLI: (&str, &str) = ("Content-Encoding", "br");

#[tokio::test]
async fn no_coding_is_asked_for_and_gzip_is_understood() {
    let body = gzip(br#"{"id":7}"#);
    let scene = Scene::start([Reply::answer("200 OK", &[JSON, GZIP], &body)]).await;
    let response = scene.get().await.unwrap();
    assert_eq!(response.body(), br#"{"id":7}"#);
    assert_eq!(response.header("content-encoding"), None);
    let sent = scene.server.received();
    assert_eq!(sent[0].header("accept-encoding"), "identity");
}

#[tokio::test]
async fn a_refusal_in_gzip_is_read_and_is_no_block() {
    let body = gzip(br#"{"title":"Forbidden","status":403}"#);
    let scene = Scene::start([Reply::answer("403 X", &[PROBLEM, GZIP], &body)]).await;
    let error = scene.get().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Forbidden));
    assert_eq!(scene.budget.open_breaker(crate::test_tokens::host()), None);
}

#[tokio::test]
async fn another_coding_is_an_error_that_names_it_and_no_block() {
    for (status, is_in_doubt) in [("200 OK", true), ("403 X", false), ("404 X", false)] {
        let scene = Scene::start([Reply::answer(status, &[HTML, BROTLI], b"\x0b\x02")]).await;
        let error = scene.write().await.unwrap_err();
        assert_eq!(error.may_be_done(), is_in_doubt, "{status}");
        let Error::Transport { error, .. } = error else {
            panic!("{error}");
        };
        assert!(matches!(&error, TransportError::Coded { coding, .. } if coding == "br"));
        assert!(error.to_string().contains("content coding br"), "{error}");
        assert_eq!(scene.budget.open_breaker(crate::test_tokens::host()), None);
    }
}

#[tokio::test]
async fn marks_charsets_and_half_surrogates_cost_no_page() {
    let text = r#"{"name":"Ж\ud83d"}"#;
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies = [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        [b"\xff\xfe", &*utf16].concat(),
        b"{\"name\":\"\xd0\x96\xd0\"}".to_vec(),
    ];
    for (body, charset) in bodies.iter().zip(["utf-8", "windows-1251", "utf-16", "x"]) {
        let content_type = format!("application/json; charset={charset}");
        let headers = [("Content-Type", content_type.as_str())];
        let scene = Scene::start([Reply::answer("200 OK", &headers, body)]).await;
        let answer: CrmAnswer<Value> = scene.client.call(get("/a")).await.unwrap();
        assert_eq!(answer.into_payload(), Some(json!({"name": "Ж\u{fffd}"})));
    }
    let scene = Scene::start([Reply::answer("200 OK", &[JSON], b"\xef\xbb\xbf")]).await;
    let answer: CrmAnswer<Value> = scene.client.call(get("/a")).await.unwrap();
    assert_eq!(answer, CrmAnswer::Empty);
}
