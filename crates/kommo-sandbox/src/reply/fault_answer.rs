//! What faults answer in place of the platform: problems, pages of a gateway, floods, cut
//! connections (rules E1 to E6).

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::Frame;
use serde_json::{Value, json};

use crate::config::oauth_rules::OauthRules;
use crate::faults::fault::{CutPoint, Fault, RetryAfterPlace};
use crate::faults::kind::FaultKind;
use crate::reply::problem::{Language, problem, token_problem};
use crate::reply::response::{empty, gateway_page, set, with_json, with_text};

/// How many header lines an endless head has; more than any client should take, and as many as can
/// be built.
const HEADER_LINES: u32 = 20_000;

/// The length of the value of each.
const HEADER_VALUE_BYTES: usize = 1000;

/// What a fault answers, or `None` if it leaves the answer alone.
pub(crate) fn instead(
    fault: &Fault,
    language: Language,
    rules: &OauthRules,
) -> Option<Response<Body>> {
    Some(match fault.kind() {
        FaultKind::TokenError => token_problem(fault.row, fault.hint, language, rules),
        FaultKind::Unknown4xx => problem(fault.status, "Unknown", "A fault of the sandbox"),
        FaultKind::Unauthorized => problem(401, "Unauthorized", "Invalid user name or password"),
        FaultKind::PaymentRequired => problem(
            402,
            "Payment Required",
            "The paid period of the account has ended",
        ),
        FaultKind::ForbiddenJson => problem(403, "Forbidden", "This call is not allowed"),
        FaultKind::ForbiddenHtml => gateway_page(StatusCode::FORBIDDEN, "403 Forbidden"),
        FaultKind::NotFoundHtml => gateway_page(StatusCode::NOT_FOUND, "404 Not Found"),
        FaultKind::TooManyRequestsHtml => too_many_requests_page(fault),
        FaultKind::BadGateway => gateway_page(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
        FaultKind::GatewayTimeout => {
            gateway_page(StatusCode::GATEWAY_TIMEOUT, "504 Gateway Time-out")
        }
        FaultKind::HugeBody => huge_body(fault.body_bytes),
        FaultKind::EndlessHeaders => endless_headers(),
        FaultKind::ForbiddenText => {
            with_text(StatusCode::FORBIDDEN, "text/plain", "403 Forbidden".into())
        }
        FaultKind::NotFoundEmpty => empty(StatusCode::NOT_FOUND),
        FaultKind::TooManyRequests => too_many_requests(fault),
        FaultKind::ServerError => server_error(),
        FaultKind::NonJson => with_text(StatusCode::OK, "text/html; charset=utf-8", PAGE.into()),
        FaultKind::Cut | FaultKind::DropAfterCommit => cut(fault.at),
        _ => return None,
    })
}

fn too_many_requests_page(fault: &Fault) -> Response<Body> {
    let mut response = gateway_page(StatusCode::TOO_MANY_REQUESTS, "429 Too Many Requests");
    if let Some(seconds) = fault.retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn endless_headers() -> Response<Body> {
    let mut response = Response::new(Body::from("{}"));
    set(&mut response, CONTENT_TYPE, "application/json");
    let value = HeaderValue::from_bytes(&[b'x'; HEADER_VALUE_BYTES]);
    let value = value.unwrap_or(HeaderValue::from_static("x"));
    for n in 0..HEADER_LINES {
        if let Ok(name) = HeaderName::try_from(format!("x-flood-{n}")) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn huge_body(bytes: u64) -> Response<Body> {
    let mut response = Response::new(Body::new(Flood {
        left: bytes,
        begun: false,
    }));
    set(&mut response, CONTENT_TYPE, "application/json");
    response
}

/// A JSON string that is never closed.
struct Flood {
    left: u64,
    begun: bool,
}

const PIECE: [u8; 16 * 1024] = [b'a'; 16 * 1024];

impl http_body::Body for Flood {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !core::mem::replace(&mut self.begun, true) {
            let head = Bytes::from_static(b"{\"access_token\":\"");
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        let length = usize::try_from(self.left).map_or(PIECE.len(), |left| left.min(PIECE.len()));
        if length == 0 {
            return Poll::Ready(None);
        }
        self.left -= u64::try_from(length).unwrap_or(self.left);
        let piece = Bytes::from_static(&PIECE).slice(..length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

const PAGE: &str = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>\n";

fn too_many_requests(fault: &Fault) -> Response<Body> {
    let mut body = json!({
        "title": "Too Many Requests",
        "type": "https://httpstatus.es/429",
        "status": 429,
        "detail": "A fault of the sandbox: too many requests.",
    });
    let (in_body, in_header) = match fault.retry_after_in {
        RetryAfterPlace::Body => (true, false),
        RetryAfterPlace::Header => (false, true),
        RetryAfterPlace::Both => (true, true),
        RetryAfterPlace::Neither => (false, false),
    };
    if let (Some(seconds), Some(fields), true) = (fault.retry_after, body.as_object_mut(), in_body)
    {
        fields.insert("retry_after".into(), Value::from(seconds));
    }
    let mut response = with_json(StatusCode::TOO_MANY_REQUESTS, &body);
    if let (Some(seconds), true) = (fault.retry_after, in_header) {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn server_error() -> Response<Body> {
    let body = json!({
        "title": "ErrInternalServer",
        "status": 500,
        "detail": "A fault of the sandbox: internal error.",
        "trace_id": "5a4db0c500000000000000000000fa17",
    });
    with_json(StatusCode::INTERNAL_SERVER_ERROR, &body)
}

/// A response whose body fails, which makes the server close the connection.
fn cut(at: CutPoint) -> Response<Body> {
    let head = match at {
        CutPoint::Before => None,
        CutPoint::Midway => Some(Bytes::from_static(b"{\"account_id\":\"")),
    };
    let mut response = Response::new(Body::new(BrokenBody {
        flushes: head.is_some(),
        head,
    }));
    set(&mut response, CONTENT_TYPE, "application/json");
    set(&mut response, CONTENT_LENGTH, "300");
    response
}

/// Sends its head, if it has one, lets it be flushed, and fails.
///
/// The server writes out what it has when a body is not ready, and throws away what it has when a
/// body fails. So a body that fails at once takes the response's headers with it, and one that has
/// a head must not fail before it was not ready.
struct BrokenBody {
    head: Option<Bytes>,
    flushes: bool,
}

impl http_body::Body for BrokenBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        if core::mem::take(&mut self.flushes) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
