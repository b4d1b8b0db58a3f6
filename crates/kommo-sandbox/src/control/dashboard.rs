//! The page that shows a sandbox live: one answer, no resource from elsewhere, no secret.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::reply::page_template::page;

/// The page. Its script puts text in as text only; its relative addresses stay below the token.
const PAGE: &str = include_str!("dashboard.html");

/// The page, with a policy that lets nothing run but its own script, and nothing be fetched but
/// from here.
pub(crate) fn dashboard(nonce: &str) -> Response<Body> {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    page(StatusCode::OK, PAGE.replace("{{nonce}}", nonce), &policy)
}
