//! Every hook that the sandbox sends is one that the description has.

use alloc::collections::BTreeSet;

use kommo_api_description::asyncapi;
use kommo_sandbox::{HookKind, HookOrder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::schema::assert_valid;
use crate::signed::platform;

/// Takes one request, answers 200, and returns its body.
async fn received(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .await
                .unwrap();
            return body.to_owned();
        }
    }
}

const CHAT_EVENTS: [&str; 21] = [
    "text",
    "picture",
    "video",
    "file",
    "voice",
    "audio",
    "sticker",
    "contact",
    "location",
    "buttons",
    "list-message",
    "template",
    "reply",
    "forward",
    "media-group",
    "comment",
    "write-first",
    "typing",
    "reaction",
    "unreaction",
    "v1",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_json_hook_of_the_sandbox_is_valid() {
    let document = asyncapi();
    let platform = platform();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}/hook", listener.local_addr().unwrap());
    let chat = CHAT_EVENTS.map(|event| (HookKind::Chat, Some(event), "ChatHook"));
    let open_api = [(HookKind::OpenApi, None, "OpenApiHook")];
    for (kind, event, schema) in chat.into_iter().chain(open_api) {
        let order = HookOrder {
            to: Some(to.clone()),
            event: event.map(str::to_owned),
            ..HookOrder::new(kind)
        };
        let (sent, body) = tokio::join!(platform.send_hook(order), received(&listener));
        sent.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_valid(&document, schema, &body);
    }
}

#[test]
fn every_kind_of_hook_is_described_and_nothing_else() {
    let document = asyncapi();
    let channels = document["channels"].as_object().unwrap();
    let described: BTreeSet<_> = channels.keys().map(String::as_str).collect();
    let kinds: BTreeSet<_> = HookKind::ORDERED.iter().map(|kind| kind.name()).collect();
    assert_eq!(described, kinds);
    assert_eq!(document["asyncapi"], "3.0.0");
    for (name, channel) in channels {
        for reference in channel["messages"].as_object().unwrap().values() {
            let pointer = reference["$ref"].as_str().unwrap().trim_start_matches('#');
            let message = document.pointer(pointer).unwrap();
            let payload = message["payload"]["$ref"]
                .as_str()
                .unwrap()
                .trim_start_matches('#');
            assert!(document.pointer(payload).is_some(), "{name}");
        }
    }
}
