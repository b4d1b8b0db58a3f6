//! Planted markers: neither secret nor signature nor body may appear in logs, `Debug` or `Display`
//! (invariant I8).

use kommo_account::AmojoId;
use kommo_chats::ConnectRequest;
use kommo_http::{ChatsClient, RawRequest, Repeat, RequestQuery};
use kommo_sign::{RequestMethod, RequestPath};

use crate::collector::{listen, said, say, show, show_error};
use crate::raw_server::{RawServer, Reply};
use crate::scene::{
    ACCOUNT, CONNECTED, JSON, channel, client_of, client_with, impatient_transport,
};
use crate::test_environment::TestEnvironment;

const SECRET_MARKER: &str = "marker-of-the-secret-5d1e";
const BODY_MARKER: &str = "marker of the body 77c0";
const QUERY_MARKER: &str = "marker-of-the-query-1f9a";
const ANSWER_MARKER: &str = "marker of the answer 3b8d";

async fn connect_and_show(client: &ChatsClient) {
    show(client);
    let account = AmojoId::parse(ACCOUNT).unwrap();
    let request = ConnectRequest::new(account, BODY_MARKER).unwrap();
    match client.connect(&channel(), &request).await {
        Ok(answer) => say(&format!(
            "{:?} {:?}",
            answer.attempts(),
            answer.server_date()
        )),
        Err(error) => show_error(&error),
    }
}

async fn call_and_show(client: &ChatsClient) {
    let request = RawRequest::new(
        RequestMethod::POST,
        RequestPath::parse("/v2/marked").unwrap(),
    )
    .with_query(RequestQuery::parse(QUERY_MARKER).unwrap())
    .with_body(BODY_MARKER.as_bytes())
    .with_repeat(Repeat::WhenSafe);
    show(&request);
    match client.call(&request).await {
        Ok(answer) => show(&answer),
        Err(error) => show_error(&error),
    }
}

/// The fates of a request.
fn fates() -> Vec<Reply> {
    let refused = br#"{"error_code":403,"error_type":"ORIGIN_INVALID_SIGNATURE"}"#;
    let date = ("Date", "Wed, 23 Nov 2022 23:25:21 GMT");
    let answer = ANSWER_MARKER.as_bytes();
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{ANSWER_MARKER}");
    vec![
        Reply::answer("200 OK", &[JSON], CONNECTED),
        Reply::answer("200 OK", &[("Set-Cookie", "a=b")], answer),
        Reply::answer("302 Found", &[("Location", "http://127.0.0.1:9/")], answer),
        Reply::answer("403 Forbidden", &[JSON, date], refused),
        Reply::answer("403 Forbidden", &[], answer),
        Reply::answer("429 No", &[("Retry-After", "300")], answer),
        Reply::answer("500 No", &[], answer),
        Reply::Bytes(half.into_bytes()),
        Reply::Bytes(ANSWER_MARKER.into()),
        Reply::cut(),
        Reply::silence(),
    ]
}

// Rule S12.
#[tokio::test]
async fn no_secret_signature_or_body_is_ever_shown() {
    listen();
    let mut signatures = Vec::new();
    for fate in fates() {
        let server = RawServer::start([fate]).await;
        let environment = std::sync::Arc::new(TestEnvironment::standing());
        let client = client_with(
            impatient_transport(),
            server.address,
            SECRET_MARKER,
            &environment,
        );
        connect_and_show(&client).await;
        call_and_show(&client).await;
        let received = server.received();
        signatures.extend(
            received
                .iter()
                .map(|received| received.header("X-Signature").to_owned()),
        );
    }
    // Nobody listens there: connecting fails.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    connect_and_show(&client_of(
        closed,
        SECRET_MARKER,
        &std::sync::Arc::new(TestEnvironment::standing()),
    ))
    .await;

    let said = said();
    assert!(signatures.len() > 20, "{} signatures", signatures.len());
    for signature in &signatures {
        assert!(!said.contains(signature.as_str()), "a signature is shown");
        assert!(
            !said.contains(&signature.to_uppercase()),
            "a signature is shown in upper case"
        );
    }
    for marker in [SECRET_MARKER, BODY_MARKER, QUERY_MARKER, ANSWER_MARKER] {
        assert!(!said.contains(marker), "{marker} is shown");
    }
    // The collector is not deaf: our own lines, and those of the library below.
    for word in [
        "chats_call",
        "attempt=1 status=200",
        "attempt=3 duration_ms",
        "string_to_sign_bytes",
        "server_unix_seconds",
        "offset_seconds",
        "starting new connection",
    ] {
        assert!(said.contains(word), "{word} is missing");
    }
}
