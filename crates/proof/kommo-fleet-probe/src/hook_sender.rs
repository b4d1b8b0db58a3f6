//! The platform's side: the hooks of a conversation, one after the other, each answered or not.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use fastrand::Rng;
use kommo_sign::ChatHookKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::failure::{Result, failure};
use crate::inbox_order::{ACCOUNT, CHANNEL};
use crate::ledger::HookName;

/// The platform waits five seconds for the answer to a chat hook.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The pause between two hooks of a conversation, so that handlers keep up.
const PAUSE_MILLISECONDS: core::ops::Range<u64> = 10..50;
/// A hook without an answer is sent again at once, one in so many times: a repeat is one hook.
const REPEATED_ONE_IN: u32 = 2;

/// A hook on its way. Every line of `fields` ends with a line end.
pub(crate) struct HookRequest {
    pub(crate) path: String,
    pub(crate) fields: String,
    pub(crate) body: String,
}

impl HookRequest {
    /// A chat hook as the platform sends it: with a line end that is not signed.
    pub(crate) fn chat(key: &ChatHookKey, hook: HookName) -> Self {
        let body = message(hook);
        let signature = key.sign(body.as_bytes());
        Self {
            path: format!("/chat-hooks/{CHANNEL}_{ACCOUNT}"),
            fields: format!("X-Signature: {}\r\n", signature.as_str()),
            body: body + "\n",
        }
    }
}

/// A connection that carries one request after the other.
#[derive(Default)]
pub(crate) struct Line(Option<(SocketAddr, TcpStream)>);

impl Line {
    /// Sends a hook. The status of the answer; an error if there is none.
    pub(crate) async fn send(&mut self, address: SocketAddr, hook: &HookRequest) -> Result<u16> {
        let answered = timeout(ANSWER_WITHIN, self.exchange(address, hook)).await;
        let answered = answered.unwrap_or_else(|_| Err(failure("no answer in five seconds")));
        if answered.is_err() {
            self.0 = None;
        }
        answered
    }

    async fn exchange(&mut self, address: SocketAddr, hook: &HookRequest) -> Result<u16> {
        let known = self.0.take().filter(|(known, _)| *known == address);
        let mut stream = match known {
            Some((_, stream)) => stream,
            None => TcpStream::connect(address).await?,
        };
        let HookRequest { path, fields, body } = hook;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\n{fields}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let request = head + body;
        stream.write_all(request.as_bytes()).await?;
        let (status, is_kept) = answer(&mut stream).await?;
        if is_kept {
            self.0 = Some((address, stream));
        }
        Ok(status)
    }
}

/// The status, and whether the connection may carry another request.
async fn answer(stream: &mut TcpStream) -> Result<(u16, bool)> {
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ").and_then(|(_, rest)| {
                let digits = rest.split("\r\n").next()?;
                digits.parse::<usize>().ok()
            });
            if body.len() >= length.unwrap_or_default() {
                let status = head.get(9..12).and_then(|digits| digits.parse().ok());
                let status = status.ok_or_else(|| failure("the answer has no status"))?;
                return Ok((status, !head.contains("connection: close")));
            }
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Err(failure("the connection ended before the answer"));
        }
    }
}

/// A message of a manager, as the platform writes it.
fn message(hook: HookName) -> String {
    let (id, conversation) = (hook.id(), hook.conversation);
    format!(
        "{{\"account_id\":\"{ACCOUNT}\",\"time\":1796000000,\"message\":{{\"receiver\":{{\"id\":\"r\"}},\
         \"sender\":{{\"id\":\"s\"}},\"conversation\":{{\"id\":\"c-{conversation}\"}},\"timestamp\":1796000000,\
         \"message\":{{\"id\":\"{id}\",\"type\":\"text\",\"text\":\"Hello\"}}}}}}"
    )
}

/// What the senders of all conversations have in common.
#[derive(Default)]
pub(crate) struct Sending {
    pub(crate) stops: AtomicBool,
    pub(crate) sent: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) without_answer: AtomicU64,
}

/// Sends the hooks of one conversation until it is to stop. Those that were answered 200.
pub(crate) async fn converse(
    conversation: usize,
    key: Arc<ChatHookKey>,
    mut address: watch::Receiver<Option<SocketAddr>>,
    sending: Arc<Sending>,
    mut rng: Rng,
) -> Result<Vec<HookName>> {
    let (mut line, mut answered) = (Line::default(), Vec::new());
    let mut number = 0;
    while !sending.stops.load(Ordering::SeqCst) {
        number += 1;
        let hook = HookName {
            conversation,
            number,
        };
        let request = HookRequest::chat(&key, hook);
        loop {
            let there = *address.wait_for(Option::is_some).await?;
            let there = there.ok_or_else(|| failure("there is no receiver"))?;
            sending.sent.fetch_add(1, Ordering::SeqCst);
            match line.send(there, &request).await {
                Ok(200) => {
                    answered.push(hook);
                    break;
                }
                Ok(_) => sending.refused.fetch_add(1, Ordering::SeqCst),
                Err(_) => sending.without_answer.fetch_add(1, Ordering::SeqCst),
            };
            if rng.u32(..REPEATED_ONE_IN) > 0 {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(PAUSE_MILLISECONDS))).await;
    }
    Ok(answered)
}
