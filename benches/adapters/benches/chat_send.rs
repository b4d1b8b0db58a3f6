//! A loop of `ChatsConnection::send` over loopback beside a bare loop of reqwest that posts the
//! same ready bytes, without limits of either.
//!
//! ```text
//! cargo bench -p kommo-bench-adapters --bench chat_send
//! ```
//!
//! Both speak to the same server, which answers each request with the same bytes, and take turns in
//! slices, since a shared machine drifts. The share is how many messages are sent while the bare
//! loop posts one.
//!
//! Prints a table and fails (status 1) if the goal is missed. With `--test` it runs one round and
//! judges nothing.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark without its inputs must stop, and its table is its result"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock of this machine"
)]

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use kommo_account::{AmojoId, ChannelId, ChatsHost, Endpoints, HostSuffix, ScopeId};
use kommo_chats::request::{Client, Content, Moment, NewMessage, ScopeRequest};
use kommo_chats::{ClientConversationId, ClientMessageId, ClientParticipantId};
use kommo_http::{ChatsClient, ChatsConnection, Pace, TransportBuilder};
use kommo_sign::{
    ChannelSecret, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath,
};

/// How many messages the client sends while the bare loop posts one.
const GOAL: f64 = 0.9;

const REQUESTS_A_SLICE: u32 = 200;

const ANSWER: &str = r#"{"new_message":{"conversation_id":"6cbab3d5-c4c1-46ff-b710-ad59ad10805f","sender_id":"86a0caef-41ab-4bb5-a3f1-9b3f2e2ea5d5","receiver_id":"","msgid":"0371a0ff-b78a-4c7b-8538-a7d547e10692","ref_id":"my_int-5f2836a8ca468"}}"#;

const SECRET: &str = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189";

fn main() -> ExitCode {
    let is_trial = env::args().any(|argument| argument == "--test");
    let rounds = if is_trial { 1 } else { 25 };
    // Without one reqwest makes no client, though nothing here speaks TLS.
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("the first provider");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || serve(&listener));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (connection, scope) = connection(&base_url);
    let message = message();
    let bare = Bare::of(&base_url, &scope, &message);
    let (mut sent, mut posted) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        posted.push(timed(|| runtime.block_on(post(&bare))));
        sent.push(timed(|| runtime.block_on(send(&connection, &message))));
    }
    let (sent, posted) = (median(&mut sent), median(&mut posted));
    let share = posted / sent;
    println!("a message                    µs");
    println!("posted by bare reqwest {posted:>8.1}");
    println!("sent by ChatsConnection{sent:>8.1}   share {share:.3}, goal {GOAL}");
    if is_trial || share >= GOAL {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Microseconds of one request.
fn timed(slice: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    slice();
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS_A_SLICE)
}

fn median(measured: &mut [f64]) -> f64 {
    measured.sort_by(f64::total_cmp);
    *measured.get(measured.len() / 2).expect("a round")
}

async fn send(connection: &ChatsConnection, message: &NewMessage) {
    for _ in 0..REQUESTS_A_SLICE {
        connection.send(message).await.expect("a message is taken");
    }
}

async fn post(bare: &Bare) {
    for _ in 0..REQUESTS_A_SLICE {
        let mut request = bare.client.post(&bare.url);
        for (name, value) in &bare.headers {
            request = request.header(*name, value);
        }
        let answer = request.body(bare.body.clone()).send().await;
        let body = answer.expect("an answer").bytes().await.expect("a body");
        assert_eq!(body.len(), ANSWER.len());
    }
}

fn connection(base_url: &str) -> (ChatsConnection, ScopeId) {
    let channel = ChannelId::parse("f90ba33d-c9d9-44da-b76c-c349b0ecbe41").expect("an id");
    let account = AmojoId::parse("af9945ff-1490-4cad-807d-945c15d88bec").expect("an id");
    let scope = ScopeId::new(channel, account);
    let client = ChatsClient::new(
        TransportBuilder::new().build().expect("a transport"),
        Endpoints::loopback_url(base_url).expect("a loopback address"),
        ChatsHost::for_suffix(HostSuffix::KommoCom),
        &ChannelSecret::new(SECRET).expect("a secret"),
    );
    let connection = client.with_pace(Pace::unlimited()).connection(scope);
    (connection, scope)
}

fn message() -> NewMessage {
    let client = ClientParticipantId::new("my_int-1376265f-86df-4c49-a0c3-a4816df41af8");
    NewMessage::incoming(
        ClientMessageId::new("my_int-5f2836a8ca468").expect("an id"),
        ClientConversationId::new("my_int-d5a421f7f218").expect("an id"),
        Moment::from_unix_milliseconds(1_639_660_529_379),
        Client::new(client.expect("an id"), "Ann Smith").expect("a name"),
        Content::text("Hello, where is my order 1042? It should be here by now.").expect("a text"),
    )
}

/// The ready bytes, signed once.
struct Bare {
    client: reqwest::Client,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Bare {
    fn of(base_url: &str, scope: &ScopeId, message: &NewMessage) -> Self {
        let (path, body) = (message.path(scope), message.to_body());
        let signer = ChatsSigner::new(&ChannelSecret::new(SECRET).expect("a secret"));
        let signed = signer.sign(
            RequestMethod::POST,
            RequestPath::parse(&path).expect("a path"),
            ContentType::JSON,
            RequestDate::from_unix_seconds(1_639_660_529).expect("a date"),
            &body,
        );
        let headers = signed.headers();
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            client: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            url: format!("{base_url}{path}"),
            headers: headers.collect(),
            body: body.clone(),
        }
    }
}

/// Answers every request with the same bytes, on connections that stay open.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || answer(&stream));
    }
}

fn answer(stream: &TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        ANSWER.len()
    );
    let answer = [head.as_bytes(), ANSWER.as_bytes()].concat();
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut out = stream;
        out.write_all(&answer).ok()?;
    }
}
