//! Responses as they go back over the wire.

use core::time::Duration;
use std::time::UNIX_EPOCH;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, DATE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

/// An `HTTP-date` for the header `Date`; `unix` comes from the virtual clock, so it is never too
/// late for one.
pub(crate) fn date_value(unix: u64) -> HeaderValue {
    let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
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
