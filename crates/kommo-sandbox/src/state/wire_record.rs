//! A request and its answer as they went over the wire, with whatever secret is in them.

use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;

use crate::wire::received_request::ReceivedRequest;

/// How many headers of one message are kept: a fault sends thousands.
const HEADERS_AT_MOST: usize = 128;

/// What is kept of a request, and of its answer if there was one. `Debug` shows lengths alone.
#[derive(Clone)]
pub(crate) struct WireRecord {
    /// What the server took for the time: the virtual clock, with the skew of a fault.
    pub(crate) judged_at: u64,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: WireHeaders,
    pub(crate) body: Vec<u8>,
    pub(crate) answer: Option<WireAnswer>,
}

/// Headers in their order, names in lower case, values as they are.
#[derive(Clone, Default)]
pub(crate) struct WireHeaders {
    pub(crate) kept: Vec<(String, Vec<u8>)>,
    pub(crate) left_out: usize,
}

/// What was answered.
#[derive(Clone)]
pub(crate) struct WireAnswer {
    pub(crate) headers: WireHeaders,
    pub(crate) body: Arc<SentBody>,
}

/// As much of a body as the connection has taken until now.
pub(crate) struct SentBody {
    limit_bytes: usize,
    sent: Mutex<Sent>,
}

#[derive(Default)]
struct Sent {
    kept: Vec<u8>,
    bytes: u64,
}

impl WireRecord {
    /// A request that came, without its answer.
    pub(crate) fn of_request(request: &ReceivedRequest<'_>, judged_at: u64) -> Self {
        let headers = request.headers().iter();
        Self {
            judged_at,
            method: request.method().to_owned(),
            target: request.target().to_owned(),
            headers: WireHeaders::of(headers.map(|(name, value)| (*name, *value))),
            body: request.body().to_vec(),
            answer: None,
        }
    }

    /// What `read` makes of the request.
    pub(crate) fn view<T>(&self, read: impl FnOnce(&ReceivedRequest<'_>) -> T) -> T {
        let headers: Vec<_> = self
            .headers
            .kept
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        read(&ReceivedRequest::new(
            &self.method,
            &self.target,
            &headers,
            &self.body,
        ))
    }

    /// How much memory it takes, at most.
    pub(crate) fn bytes(&self) -> usize {
        let answer = self.answer.as_ref();
        let answer = answer.map_or(0, |answer| answer.headers.bytes() + answer.body.limit_bytes);
        self.target.len() + self.headers.bytes() + self.body.len() + answer
    }
}

impl WireHeaders {
    /// The first of them.
    pub(crate) fn of<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut all = Self::default();
        for (name, value) in headers {
            if all.kept.len() < HEADERS_AT_MOST {
                all.kept.push((name.to_owned(), value.to_owned()));
            } else {
                all.left_out += 1;
            }
        }
        all
    }

    pub(crate) fn of_map(headers: &HeaderMap) -> Self {
        let headers = headers.iter();
        Self::of(headers.map(|(name, value)| (name.as_str(), value.as_bytes())))
    }

    fn bytes(&self) -> usize {
        let lengths = self.kept.iter();
        lengths.map(|(name, value)| name.len() + value.len()).sum()
    }
}

impl SentBody {
    /// Keeps at most `limit_bytes` of what is sent.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            sent: Mutex::default(),
        }
    }

    /// A piece was taken.
    pub(crate) fn push(&self, piece: &[u8]) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit_bytes.saturating_sub(sent.kept.len());
        sent.kept.extend(piece.iter().take(room));
        sent.bytes = sent
            .bytes
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }

    /// What is kept, and the length of everything that was sent.
    pub(crate) fn so_far(&self) -> (Vec<u8>, u64) {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        (sent.kept.clone(), sent.bytes)
    }
}

impl fmt::Debug for WireRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireRecord")
            .field("method", &self.method)
            .field("target_bytes", &self.target.len())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
