//! What faults answer in place of the token endpoint and the CRM API: problems, pages of a gateway, floods.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::Frame;

use crate::config::oauth_rules::OauthRules;
use crate::faults::fault::Fault;
use crate::faults::kind::FaultKind;
use crate::reply::problem::{Language, problem, token_problem};
use crate::reply::response::{faulty, gateway_page, set};

/// How many header lines an endless head has; more than any client should take, and as many as can be built.
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
        _ => return faulty(fault),
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

/// A JSON string that goes on and on, and is not closed.
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
