//! Somebody who receives hooks: a socket that reads one request at a time, keeps it, and answers as
//! it was told.

use core::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What the receiver does with every request.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    Answer(u16),
    /// One after the other, and the last one from then on.
    Answers(&'static [u16]),
    /// Takes the request and says nothing.
    Silence,
    /// Closes without an answer.
    HangUp,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Received>,
    task: JoinHandle<()>,
}

/// One request, as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Receiver {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut silent = Vec::new();
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = sender.send(read(&mut stream).await);
                let status = match behaviour {
                    Behaviour::Answer(status) => status,
                    Behaviour::Answers(all) => *all.get(number).or(all.last()).unwrap(),
                    Behaviour::Silence | Behaviour::HangUp => 0,
                };
                match behaviour {
                    Behaviour::Answer(_) | Behaviour::Answers(_) => {
                        let answer = format!(
                            "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        );
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                    Behaviour::Silence => silent.push(stream),
                    Behaviour::HangUp => drop(stream),
                }
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn next(&mut self) -> Received {
        self.requests.recv().await.unwrap()
    }

    /// Whether nothing came that was not read.
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Received {
    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// The parameters of the target, decoded, in their order.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let target = self.request_line().split(' ').nth(1).unwrap();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }
}

async fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        assert_ne!(
            stream.read_buf(&mut bytes).await.unwrap(),
            0,
            "the head broke off"
        );
    };
    let body = bytes.split_off(end);
    let mut received = Received {
        head: String::from_utf8(bytes).unwrap(),
        body,
    };
    let length = received.header("content-length").parse().unwrap_or(0);
    while received.body.len() < length {
        assert_ne!(
            stream.read_buf(&mut received.body).await.unwrap(),
            0,
            "the body broke off"
        );
    }
    received
}
