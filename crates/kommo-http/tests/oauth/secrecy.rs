//! Planted markers: no secret, code, token or body may appear in logs or `Debug` (invariant I8).

use kommo_keeper::TokenEndpoint;

use crate::collector::{listen, said, show};
use crate::raw_server::Reply;
use crate::scene::{ACCESS, CODE, JSON, PAIR, REFRESH, SECRET, Scene, exchange, ok};

/// Every fate of a request; some repeat what was sent.
fn fates() -> Vec<Reply> {
    let echo = format!(
        r#"{{"hint":"{SECRET} {REFRESH}","title":"{CODE}","detail":"{ACCESS}","domain":"{REFRESH}.kommo.com"}}"#
    );
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{PAIR}");
    let location = format!("https://evil.example/{REFRESH}");
    let mut fates = vec![
        ok(PAIR),
        ok(&echo),
        Reply::answer("302 X", &[("Location", &location)], echo.as_bytes()),
        Reply::Bytes(half.into_bytes()),
        Reply::Bytes(echo.clone().into_bytes()),
        Reply::cut(),
    ];
    for status in ["400 X", "401 X", "403 X", "404 X", "429 X", "500 X"] {
        fates.push(Reply::answer(status, &[JSON], echo.as_bytes()));
    }
    let revoked = format!(r#"{{"hint":"Token has been revoked","detail":"{REFRESH}"}}"#);
    fates.push(Reply::answer("401 X", &[JSON], revoked.as_bytes()));
    let unknown = format!(r#"{{"hint":"hint-marker-4a {REFRESH}"}}"#);
    fates.push(Reply::answer("400 X", &[JSON], unknown.as_bytes()));
    for id in [SECRET, REFRESH, CODE, ACCESS, "0f8c-77"] {
        let headers = [JSON, ("X-Request-Id", id)];
        fates.push(Reply::answer("400 X", &headers, b"{}"));
    }
    fates
}

#[tokio::test]
async fn no_secret_code_or_token_is_ever_shown() {
    listen();
    for fate in fates() {
        let scene = Scene::start([fate]).await;
        show(&scene.endpoint);
        show(&scene.refresh().await);
        let realm = scene.endpoints.realm();
        show(&exchange());
        show(&scene.endpoint.send(realm, &exchange()).await);
        show(&scene.probe().await);
        show(&scene.locate().await);
    }
    let said = said();
    for marker in [
        SECRET,
        REFRESH,
        CODE,
        ACCESS,
        "new-access-marker-0a",
        "new-refresh-marker-0b",
    ] {
        assert!(!said.contains(marker), "{marker} is shown");
    }
    // What the operator needs is there: printf %s refresh-marker-77c0 | sha256sum
    let refusals: Vec<_> = said
        .lines()
        .filter(|line| line.contains("token endpoint refused"))
        .collect();
    let is_told = |word: &str| refusals.iter().any(|line| line.contains(word));
    for word in [
        "status=401",
        "hint=\"Token has been revoked\"",
        "request_id=\"0f8c-77\"",
        "refresh_token_digest=\"e79d4e82\"",
    ] {
        assert!(is_told(word), "{word} is missing in {refusals:#?}");
    }
    // A hint that nobody knows is the peer's own text.
    assert!(!said.contains("hint-marker"), "an unknown hint is shown");
    // The collector is not deaf.
    for word in [
        "token_request",
        "token endpoint answered",
        "request_id=\"0f8c-77\"",
        "starting new connection",
    ] {
        assert!(said.contains(word), "{word} is missing");
    }
}
