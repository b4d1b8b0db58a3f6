//! What goes back over the wire: the platform's answers, its error bodies (rules E1 to E6), and cut connections.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::time::UNIX_EPOCH;

use axum::body::{Body, Bytes};
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::Frame;
use serde_json::{Value, json};

use crate::chats::refusal::Refusal;
use crate::config::sandbox_config::DisconnectAnswer;
use crate::faults::fault::{CutPoint, Fault, RetryAfterPlace};
use crate::faults::kind::FaultKind;
use crate::state::connection::Connection;

/// An `HTTP-date` for the header `Date`; `unix` comes from the virtual clock, so it is never too late for one.
pub(crate) fn date_value(unix: u64) -> HeaderValue {
    let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

pub(crate) fn connected(connection: &Connection) -> Response<Body> {
    with_json(StatusCode::OK, &json!(connection))
}

pub(crate) fn disconnected(answer: DisconnectAnswer) -> Response<Body> {
    match answer {
        DisconnectAnswer::Empty => empty(StatusCode::OK),
        DisconnectAnswer::Object => with_json(StatusCode::OK, &json!({})),
        DisconnectAnswer::NoContent => empty(StatusCode::NO_CONTENT),
    }
}

/// The platform's error body.
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    let body = json!({
        "status": 0,
        "error_code": refusal.status.as_u16(),
        "error_type": refusal.error_type,
        "error_description": refusal.description,
    });
    let mut response = with_json(refusal.status, &body);
    if let Some(allow) = refusal.allow {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

/// What a fault answers, or `None` if it leaves the answer alone.
pub(crate) fn faulty(fault: &Fault) -> Option<Response<Body>> {
    match fault.kind() {
        FaultKind::ForbiddenText => Some(with_text(
            StatusCode::FORBIDDEN,
            "text/plain",
            "403 Forbidden".into(),
        )),
        FaultKind::NotFoundEmpty => Some(empty(StatusCode::NOT_FOUND)),
        FaultKind::TooManyRequests => Some(too_many_requests(fault)),
        FaultKind::ServerError => Some(server_error()),
        FaultKind::NonJson => Some(with_text(
            StatusCode::OK,
            "text/html; charset=utf-8",
            PAGE.into(),
        )),
        FaultKind::Cut => Some(cut(fault.at)),
        FaultKind::DropAfterCommit => Some(cut(fault.at)),
        // The rest is not for the Chats API, or leaves the answer alone.
        _ => None,
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
/// The server writes out what it has when a body is not ready, and throws away what it has when a body fails. So a body
/// that fails at once takes the response's headers with it, and one that has a head must not fail before it was not ready.
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

/// A JSON answer that no browser takes for anything else.
pub(crate) fn with_json(status: StatusCode, body: &Value) -> Response<Body> {
    with_text(status, "application/json", body.to_string())
}

pub(crate) fn with_text(
    status: StatusCode,
    content_type: &'static str,
    body: String,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, content_type);
    response
}

/// The HTML page of a gateway.
pub(crate) fn gateway_page(status: StatusCode, title: &str) -> Response<Body> {
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    with_text(status, "text/html", page)
}

pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub(crate) fn set(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}

/// Sets the `Date` of a response.
pub(crate) fn set_date(response: &mut Response<Body>, unix: u64) {
    response.headers_mut().insert(DATE, date_value(unix));
}
