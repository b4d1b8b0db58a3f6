//! A server, an inbox, and requests byte by byte.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use kommo_account::Realm;
use kommo_store::{
    HookFilter, HookLine, HookState, Inbox, InboxName, InboxSettings, Store, StoreSettings,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Kept {
    pub(crate) inbox: Inbox,
    pub(crate) store: Arc<Store>,
    pub(crate) directory: tempfile::TempDir,
}

pub(crate) async fn kept() -> Kept {
    kept_with(|_| {}).await
}

pub(crate) async fn kept_with(change: impl FnOnce(&mut InboxSettings)) -> Kept {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    // So that nothing ends before what a test waits for.
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_secs(600);
    let store = Arc::new(Store::open(path, settings).await.unwrap());
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(600);
    change(&mut settings);
    let name = InboxName::parse("hooks").unwrap();
    Kept {
        inbox: Inbox::new(&store, Realm::Real, name, settings),
        store,
        directory,
    }
}

pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Sends what it is given, and reads the answer to its end: status, head, body.
pub(crate) async fn exchange_whole(address: SocketAddr, request: &[u8]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have answered and closed before all was sent.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let head = head.to_ascii_lowercase();
    (head[9..12].parse().unwrap(), head, body.to_owned())
}

pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> (u16, String) {
    let (status, _, body) = exchange_whole(address, request).await;
    (status, body)
}

/// The head of a POST. Every line of `fields` ends with a line end.
pub(crate) fn head(path: &str, fields: &str) -> String {
    head_of("POST", path, fields)
}

pub(crate) fn head_of(method: &str, path: &str, fields: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n")
}

pub(crate) fn whole(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let fields = format!("{fields}Content-Length: {}\r\n", body.len());
    let mut request = head(path, &fields).into_bytes();
    request.extend_from_slice(body);
    request
}

pub(crate) async fn post_to(
    address: SocketAddr,
    path: &str,
    fields: &str,
    body: &[u8],
) -> (u16, String) {
    exchange(address, &whole(path, fields, body)).await
}

pub(crate) fn answer(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

pub(crate) async fn lines(inbox: &Inbox) -> Vec<HookLine> {
    inbox.list(&HookFilter::new(), 0, 10_000).await.unwrap()
}

pub(crate) async fn count(inbox: &Inbox) -> usize {
    lines(inbox).await.len()
}

/// Waits for the first that failed.
pub(crate) async fn failed(inbox: &Inbox) -> HookLine {
    loop {
        let lines = lines(inbox).await;
        let failed = lines
            .into_iter()
            .find(|line| line.state == HookState::Failed);
        if let Some(line) = failed {
            return line;
        }
        tokio::task::yield_now().await;
    }
}

#[track_caller]
pub(crate) fn assert_counted(metrics: &str, family: &str, outcome: &str, number: u64) {
    let line = format!("kommo_axum_{family}_total{{outcome=\"{outcome}\"}} {number}\n");
    assert!(metrics.contains(&line), "{line} is not in {metrics}");
}
