//! Planted markers: neither secret nor signature nor body may appear in logs, `Debug` or `Display`
//! (invariant I8).

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::sync::{LazyLock, Mutex};

use kommo_account::AmojoId;
use kommo_chats::ConnectRequest;
use kommo_http::{ChatsClient, RawRequest, Repeat, RequestQuery};
use kommo_sign::{RequestMethod, RequestPath};
use tracing::field::{Field, Visit};
use tracing::span;

use crate::raw_server::{RawServer, Reply};
use crate::scene::{
    ACCOUNT, CONNECTED, JSON, channel, client_of, client_with, impatient_transport,
};
use crate::test_environment::TestEnvironment;

const SECRET_MARKER: &str = "marker-of-the-secret-5d1e";
const BODY_MARKER: &str = "marker of the body 77c0";
const QUERY_MARKER: &str = "marker-of-the-query-1f9a";
const ANSWER_MARKER: &str = "marker of the answer 3b8d";

/// Everything that any crate of this process said, at every level.
static SAID: LazyLock<Mutex<String>> = LazyLock::new(Mutex::default);

fn say(text: &str) {
    let mut said = SAID.lock().unwrap();
    said.push_str(text);
    said.push('\n');
}

struct Collector;

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl tracing::Subscriber for Collector {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut words = Words(attributes.metadata().name().to_owned());
        attributes.record(&mut words);
        say(&words.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut words = Words(String::new());
        values.record(&mut words);
        say(&words.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut words = Words(event.metadata().target().to_owned());
        event.record(&mut words);
        say(&words.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl log::Log for Collector {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        say(&format!("{}: {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

fn listen() {
    static COLLECTOR: Collector = Collector;
    log::set_logger(&COLLECTOR).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    tracing::subscriber::set_global_default(Collector).unwrap();
}

/// Shows a value in every way a program could.
fn show(value: &(impl Debug + ?Sized)) {
    say(&format!("{value:?} {value:#?}"));
}

fn show_error(error: &(dyn Error + 'static)) {
    show(error);
    for error in std::iter::successors(Some(error), |error| (*error).source()) {
        say(&format!("{error}"));
        show(error);
    }
}

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

    let said = SAID.lock().unwrap().clone();
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
