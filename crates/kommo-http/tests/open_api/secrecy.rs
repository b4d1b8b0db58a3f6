//! Planted markers: neither secret nor signature nor body may appear in logs, `Debug` or `Display`
//! (invariant I8).

use kommo_http::OpenApiClient;

use crate::collector::{listen, said, say, show, show_error};
use crate::raw_server::{RawServer, Reply};
use crate::scene::{client_of, ok, ticket};

const SECRET_MARKER: &str = "marker-of-the-secret-91ab";
const BODY_MARKER: &str = "marker of the body 0c3e";
const ANSWER_MARKER: &str = "marker of the answer 55f7";

async fn call_and_show(client: &OpenApiClient) {
    show(client);
    match client.call(&ticket(BODY_MARKER)).await {
        Ok(answer) => say(&format!("{answer:?}")),
        Err(error) => show_error(&error),
    }
}

fn fates() -> Vec<Reply> {
    let echo = format!(r#"{{"code":-1,"msg":"{ANSWER_MARKER}","data":"{ANSWER_MARKER}"}}"#);
    let shape = format!(r#"{{"code":1,"msg":"ok","data":"{ANSWER_MARKER}"}}"#);
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{ANSWER_MARKER}");
    vec![
        ok(),
        Reply::answer("200 OK", &[], echo.as_bytes()),
        Reply::answer("200 OK", &[], shape.as_bytes()),
        Reply::answer("200 OK", &[("Set-Cookie", "a=b")], ANSWER_MARKER.as_bytes()),
        Reply::answer("302 Found", &[("Location", "/")], ANSWER_MARKER.as_bytes()),
        Reply::answer(
            "429 No",
            &[("Retry-After", "300")],
            ANSWER_MARKER.as_bytes(),
        ),
        Reply::answer("500 No", &[], ANSWER_MARKER.as_bytes()),
        Reply::Bytes(half.into_bytes()),
        Reply::Bytes(ANSWER_MARKER.into()),
        Reply::cut(),
        Reply::silence(),
    ]
}

#[tokio::test]
async fn no_secret_signature_or_body_is_ever_shown() {
    listen();
    let mut signatures = Vec::new();
    for fate in fates() {
        let server = RawServer::start([fate]).await;
        let (client, _) = client_of(server.address, SECRET_MARKER);
        call_and_show(&client).await;
        let received = server.received();
        let signature = received.iter().map(|one| one.header("x-chat-signature"));
        signatures.extend(signature.map(str::to_owned));
    }
    let said = said();
    assert_eq!(signatures.len(), fates().len());
    for signature in &signatures {
        assert!(!said.contains(signature.as_str()), "a signature is shown");
    }
    for marker in [SECRET_MARKER, BODY_MARKER, ANSWER_MARKER] {
        assert!(!said.contains(marker), "{marker} is shown");
    }
    for word in [
        "open_api_call",
        "attempt=1 status=200",
        "timestamp",
        "starting new connection",
    ] {
        assert!(said.contains(word), "{word} is missing");
    }
}
