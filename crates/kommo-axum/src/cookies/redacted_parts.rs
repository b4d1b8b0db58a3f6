//! A request as the application may see it: without what could bring a code or a state into its
//! logs.

use axum::extract::OriginalUri;
use axum::http::Uri;
use axum::http::header::{COOKIE, REFERER};
use axum::http::request::Parts;

use crate::cookies::cookie_kind::CookieKind;

/// Takes the query, the address of the page before, and our cookies away.
pub(crate) fn without_secrets(mut parts: Parts, cookies: CookieKind) -> Parts {
    parts.uri = parts.uri.path().parse().unwrap_or(Uri::from_static("/"));
    parts.extensions.remove::<OriginalUri>();
    parts.headers.remove(REFERER);
    let rest = cookies.without_ours(&parts.headers);
    parts.headers.remove(COOKIE);
    if let Some(rest) = rest {
        parts.headers.insert(COOKIE, rest);
    }
    parts
}
