//! `GET start`: a state for this browser, and the way to the consent page.
//!
//! Source: rules G1 to G4 of `docs/protocol.md`.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::{Response, StatusCode};
use kommo_oauth::{ConsentMode, QUERY_MAX_BYTES};

use crate::connect::Connect;
use crate::consent_end::ConsentEnd;
use crate::endings::with_cookies;
use crate::grant_desk::GrantDesk;
use crate::guarded_answer::{OwnPage, empty};
use crate::refusal::Refusal;
use crate::route_counts::Family;
use crate::seen_request::without_secrets;

pub(crate) async fn start<K: GrantDesk>(
    State(connect): State<Connect<K>>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let mode = match asked_mode(parts.uri.query().unwrap_or_default()) {
        Ok(mode) => mode,
        Err(refusal) => return refuse(&connect, refusal),
    };
    let headers = parts.headers.clone();
    let seen = without_secrets(parts, connect.inner.cookies);
    let attempt = match connect.inner.settings.application.start(seen).await {
        Ok(attempt) => attempt,
        Err(mut response) => {
            connect.inner.counts.add(Family::Starts, "application");
            response.extensions_mut().insert(OwnPage);
            return response;
        }
    };
    let begun = match connect.begin(&headers, &attempt, mode) {
        Ok(begun) => begun,
        Err(refusal) => return refuse(&connect, refusal),
    };
    let Ok(mut location) = HeaderValue::from_str(&begun.text) else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    location.set_sensitive(true);
    connect.inner.counts.add(Family::Starts, "begun");
    let mut response = empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, location);
    with_cookies(response, begun.set_cookies)
}

fn refuse<K: GrantDesk>(connect: &Connect<K>, refusal: Refusal) -> Response<Body> {
    connect.inner.counts.add(Family::Starts, refusal.code());
    tracing::warn!(code = refusal.code(), "no consent was begun");
    connect.page(&ConsentEnd::refused(&refusal, false))
}

/// `mode`, if it is there. Without a script the window is the main one, and then only `post_message` comes back by itself.
fn asked_mode(query: &str) -> Result<ConsentMode, Refusal> {
    if query.len() > QUERY_MAX_BYTES {
        return Err(Refusal::QueryTooLong);
    }
    let mut modes = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("mode="));
    match (modes.next(), modes.next()) {
        (None, _) | (Some("post_message"), None) => Ok(ConsentMode::PostMessage),
        (Some("popup"), None) => Ok(ConsentMode::Popup),
        _ => Err(Refusal::UnknownMode),
    }
}
