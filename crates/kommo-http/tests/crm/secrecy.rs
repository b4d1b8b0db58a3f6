//! Planted markers: neither token nor body nor query may appear in logs, `Debug` or `Display`
//! (invariant I8).

use kommo_http::{CrmAnswer, CrmMethod, CrmRequest};
use serde_json::Value;

use crate::collector::{listen, said, say, show, show_error};
use crate::raw_server::Reply;
use crate::scene::{HTML, PROBLEM, Scene, ok};
use crate::test_tokens::{HOST, SECOND_TOKEN, TOKEN, TestTokens, usable};

const BODY: &str = "marker of the body 77c0";
const QUERY: &str = "marker-of-the-query-1f9a";
const ANSWER: &str = "marker of the answer 3b8d";

/// As long as a real one, in hex, so that a piece of it looks like an id.
const LONG_PIECE: &str = "c0ffee5ec2e7d00dfeedfacecafebabe8badf00d";

fn long_token() -> String {
    format!("eyJ0.{}", LONG_PIECE.repeat(23))
}

/// Every fate of a request, each with a marker in its answer; some repeat the token.
fn fates() -> Vec<Reply> {
    let echo = format!(
        r#"{{"title":"{ANSWER}","detail":"Bearer {TOKEN} {BODY}","validation-errors":[{{"request_id":"{TOKEN}","errors":[{{"code":"x","path":"{TOKEN}","detail":"{ANSWER}"}}]}}],"trace_id":"{TOKEN}"}}"#
    );
    let echo = echo.as_bytes();
    let next = format!(
        r#"{{"_links":{{"next":{{"href":"https://evil.example/{TOKEN}"}}}},"_embedded":{{"leads":["{ANSWER}"]}}}}"#
    );
    let same_host = format!(
        r#"{{"_links":{{"next":{{"href":"https://{HOST}/api/v4/leads/{TOKEN}?page=2"}}}},"_embedded":{{"leads":[]}}}}"#
    );
    let id = ("X-Request-Id", TOKEN);
    let html = format!("<html>{ANSWER} {TOKEN}</html>");
    let location = format!("https://evil.example/{TOKEN}");
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{ANSWER}");
    let mut fates = vec![
        ok(&next),
        ok(&same_host),
        ok(&format!("\"{ANSWER}\"")),
        Reply::answer("200 OK", &[HTML], html.as_bytes()),
        Reply::answer("302 X", &[("Location", &location)], echo),
        Reply::answer("403 X", &[HTML], html.as_bytes()),
        Reply::Bytes(half.into_bytes()),
        Reply::Bytes(ANSWER.into()),
        Reply::cut(),
    ];
    for status in [
        "400 X", "401 X", "402 X", "403 X", "404 X", "422 X", "429 X", "500 X", "504 X",
    ] {
        fates.push(Reply::answer(status, &[PROBLEM, id], echo));
        let piece = ("X-Request-Id", &TOKEN[TOKEN.len() - 40..]);
        fates.push(Reply::answer(status, &[PROBLEM, piece], echo));
        fates.push(Reply::answer(status, &[HTML], html.as_bytes()));
    }
    fates
}

async fn call_and_show(scene: &Scene) {
    let target = format!("/api/v4/leads?query={QUERY}");
    show(&scene.client);
    show(&scene.budget);
    let request = CrmRequest::new(CrmMethod::Post, &target)
        .unwrap()
        .with_body(BODY.into());
    show(&request);
    match scene.client.call_raw(request).await {
        Ok(response) => show(&response),
        Err(error) => show_error(&error),
    }
    let read: Result<CrmAnswer<u64>, _> = scene.client.get(&target).await;
    if let Err(error) = read {
        show_error(&error);
    }
    let request = CrmRequest::new(CrmMethod::Get, &target).unwrap();
    let mut pages = scene.client.pages(request).unwrap();
    for _ in 0..2 {
        show(&pages);
        match pages.next_page().await {
            Ok(page) => {
                show(&page);
                let items = page.iter().flat_map(|page| page.items::<u64>("leads"));
                for error in items.filter_map(Result::err) {
                    say(&format!("{error} {error:?}"));
                }
            }
            Err(error) => show_error(&error),
        }
    }
    let written: Result<CrmAnswer<Value>, _> = scene.client.patch(&target, BODY).await;
    if let Err(error) = written {
        show_error(&error);
    }
}

#[tokio::test]
async fn no_token_body_or_query_is_ever_shown() {
    listen();
    for fate in fates() {
        let tokens = TestTokens::standing().with_successor(usable(HOST, SECOND_TOKEN, 2));
        let scene = Scene::with_tokens([fate], tokens).await;
        call_and_show(&scene).await;
    }
    let said = said();
    // Other tests of this program run at the same time and say harmless things; a marker is a
    // marker.
    for marker in [
        "first-token-marker",
        "second-token-marker",
        &TOKEN[TOKEN.len() - 40..],
        BODY,
        QUERY,
        ANSWER,
    ] {
        assert!(!said.contains(marker), "{marker} is shown");
    }
    // The collector is not deaf.
    for word in [
        "crm_call",
        "attempt=1 status=200",
        "breaker opened",
        "validation failed",
        "starting new connection",
    ] {
        assert!(said.contains(word), "{word} is missing");
    }
}

#[tokio::test]
async fn a_piece_of_a_token_where_an_id_is_expected_is_left_out() {
    let token = long_token();
    assert!(token.len() > 900);
    let pieces = [
        &token[..64],
        &token[5..69],
        &token[5..45],
        &token[20..52],
        "77-c0ffee5ec2e7d00d-77",
    ];
    for (status, piece) in ["200 OK", "400 X", "401 X", "404 X", "429 X", "500 X"]
        .into_iter()
        .flat_map(|status| pieces.map(|piece| (status, piece)))
    {
        let body = format!(
            r#"{{"title":"{piece}","trace_id":"{piece}","validation-errors":[{{"request_id":"{piece}","errors":[{{"code":"{piece}","path":"{piece}"}}]}}]}}"#
        );
        let headers = [PROBLEM, ("X-Request-Id", piece)];
        let tokens = TestTokens::of(usable(HOST, &token, 1));
        let scene = Scene::with_tokens([Reply::answer(status, &headers, body.as_bytes())], tokens);
        let scene = scene.await;
        let request = CrmRequest::new(CrmMethod::Post, "/api/v4/leads").unwrap();
        let (shown, id) = match scene.client.call_raw(request).await {
            Ok(response) => (
                format!("{response:?}"),
                response.request_id().map(String::from),
            ),
            Err(error) => {
                let id = error.refusal().and_then(|refusal| refusal.request_id());
                (format!("{error} {error:?}"), id.map(String::from))
            }
        };
        assert_eq!(id, None, "{status} {piece}");
        assert!(!shown.contains("c0ffee5ec2e7"), "{shown}");
    }
}
