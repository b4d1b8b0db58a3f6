//! The headers that every answer of the routes has.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Response, StatusCode};

/// Marks an answer as the application's own: it says itself what its page may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnPage;

/// Adds what is not there. An answer of the application keeps its policies; but it is for one
/// browser, so it too is not cached and sends no referrer.
pub(crate) async fn guard(mut response: Response<Body>) -> Response<Body> {
    let is_own = response.extensions_mut().remove::<OwnPage>().is_some();
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let mut add = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    add(CACHE_CONTROL, "no-store");
    add(X_CONTENT_TYPE_OPTIONS, "nosniff");
    if !is_own {
        add(X_FRAME_OPTIONS, "DENY");
        add(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        );
    }
    response
}

/// A status with an empty body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
