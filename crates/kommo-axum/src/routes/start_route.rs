//! `GET start`: a state for this browser, and the way to the consent page.
//!
//! Source: rules G1 to G4 of `docs/protocol.md`.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HeaderMap, HeaderValue, LOCATION};
use axum::http::{Response, StatusCode};
use kommo_oauth::consent::{ConsentMode, QUERY_MAX_BYTES};

use crate::browser::browser_context::{NotFromHere, check_start, is_prefetch};
use crate::cookies::redacted_parts::without_secrets;
use crate::pages::consent_outcome::ConsentOutcome;
use crate::pages::refusal::Refusal;
use crate::routes::guarded_answer::{OwnPage, empty};
use crate::routes::responses::with_cookies;
use crate::setup::connect::Connect;
use crate::setup::route_counts::Family;
use kommo_keeper::CodeStore;

pub(crate) async fn start<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let headers = parts.headers.clone();
    if is_prefetch(&headers) {
        connect.inner.counts.add(Family::Starts, "prefetch");
        return empty(StatusCode::SERVICE_UNAVAILABLE);
    }
    let allowed = connect.allowed_start(&headers);
    let query = parts.uri.query().unwrap_or_default();
    let mode = match allowed.and_then(|()| asked_mode(query)) {
        Ok(mode) => mode,
        Err(refusal) => return refuse(&connect, refusal, &headers),
    };
    let seen = without_secrets(parts, connect.inner.cookies);
    let application = &connect.inner.settings.application;
    let attempt = match application.start(seen.clone()).await {
        Ok(attempt) => attempt,
        Err(mut response) => {
            connect.inner.counts.add(Family::Starts, "application");
            response.extensions_mut().insert(OwnPage);
            return response;
        }
    };
    let attempt = attempt.or_bound_to(application.session(seen).await);
    let begun = match connect.begin(&headers, &attempt, mode) {
        Ok(begun) => begun,
        Err(refusal) => return refuse(&connect, refusal, &headers),
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

fn refuse<S: CodeStore>(
    connect: &Connect<S>,
    refusal: Refusal,
    headers: &HeaderMap,
) -> Response<Body> {
    connect.inner.counts.add(Family::Starts, refusal.code());
    tracing::warn!(code = refusal.code(), "no consent was begun");
    connect.page(&ConsentOutcome::refused(&refusal, false), headers)
}

impl<S: CodeStore> Connect<S> {
    /// Any site can send a browser here. Each start costs the browser a cookie, and the sixth ends
    /// its oldest attempt.
    fn allowed_start(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let settings = &self.inner.settings;
        check_start(headers, settings.start_from, &settings.page_origin).map_err(|not| match not {
            NotFromHere::NoPage => Refusal::NoPage,
            NotFromHere::OtherSite => Refusal::OtherSite,
        })
    }
}

/// `mode`, if it is there. Without a script the window is the main one, and then only
/// `post_message` comes back by itself.
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
