//! Requests over connections that stay open, and how their answers come.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Requests as they are on the wire; each is answered 200, without a body.
pub type Requests = Arc<Vec<Vec<u8>>>;

/// A server, and so many connections to it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Load {
    /// Where it listens.
    pub address: SocketAddr,
    /// How many connections send at the same time.
    pub connections: usize,
}

impl Load {
    /// Serves these routes at a free port, until the program ends.
    pub async fn serve(routes: Router, connections: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            address,
            connections,
        }
    }

    /// Each connection sends its next request when the last is answered. Returns the time until all
    /// are.
    pub async fn as_fast_as_answered(&self, requests: &Requests) -> Duration {
        let streams = self.connect().await;
        let begun = Instant::now();
        let mut sending = JoinSet::new();
        for (first, mut stream) in streams.into_iter().enumerate() {
            let (requests, step) = (Arc::clone(requests), self.connections);
            sending.spawn(async move {
                for request in requests.iter().skip(first).step_by(step) {
                    exchange(&mut stream, request).await;
                }
            });
        }
        sending.join_all().await;
        begun.elapsed()
    }

    /// Sends so many in a second, whether the ones before were answered or not, as far as the
    /// connections suffice. Returns the times from when each was due until its answer, in their
    /// order.
    pub async fn at_rate(&self, requests: &Requests, in_a_second: f64) -> Vec<Duration> {
        let streams = self.connect().await;
        let begun = Instant::now();
        let mut sending = JoinSet::new();
        for (first, mut stream) in streams.into_iter().enumerate() {
            let (requests, step) = (Arc::clone(requests), self.connections);
            sending.spawn(async move {
                let mut times = Vec::new();
                for (number, request) in requests.iter().enumerate().skip(first).step_by(step) {
                    let due = begun + Duration::from_secs_f64(number as f64 / in_a_second);
                    sleep_until(due).await;
                    exchange(&mut stream, request).await;
                    times.push(due.elapsed());
                }
                times
            });
        }
        let mut times = sending.join_all().await.concat();
        times.sort_unstable();
        times
    }

    async fn connect(&self) -> Vec<TcpStream> {
        let mut streams = Vec::new();
        for _ in 0..self.connections {
            let stream = TcpStream::connect(self.address).await.expect("a server");
            stream.set_nodelay(true).expect("a socket");
            streams.push(stream);
        }
        streams
    }
}

async fn exchange(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::with_capacity(256);
    while !answer.ends_with(b"\r\n\r\n") {
        let read = stream.read_buf(&mut answer).await.expect("an answer");
        assert!(read > 0, "the server ended the connection");
    }
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
}
