//! Every request has a connection of its own, and none is used twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kommo_http::TransportBuilder;
use kommo_keeper::TokenEndpoint;
use kommo_keeper::testing::VirtualClock;
use kommo_oauth::refresh::SendOutcome;
use kommo_oauth::token::TokenAnswer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::scene::{PAIR, endpoint_at, refresh};

// Rule M1.
#[tokio::test]
async fn an_idle_connection_is_never_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                // Answers as often as it is asked, and keeps the connection open.
                let mut bytes = Vec::new();
                while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                    if !bytes.ends_with(b"callback\"}") {
                        continue;
                    }
                    bytes.clear();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n{PAIR}",
                        PAIR.len()
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let clock = VirtualClock::skipping_pauses();
    let (endpoints, endpoint) = endpoint_at(address, TransportBuilder::new(), &clock);
    for number in 1..=5 {
        let outcome = endpoint.send(endpoints.realm(), &refresh()).await;
        assert!(matches!(
            outcome,
            SendOutcome::Answered(TokenAnswer::Granted(_))
        ));
        assert_eq!(connections.load(Ordering::SeqCst), number);
    }
    server.abort();
}
