//! The consent page: who is there, what is asked for, for which account; then the redirect with a
//! code, or without one.
//!
//! ```text
//!   GET ──► log in ──► choose ──► allow ──► (on the fly: secrets_uri must answer 200) ──► code
//!                         └─────► refuse ─────────────────────────────────────────────► error=access_denied
//! ```
//!
//! Every step is a request to the same address, whose query is read anew each time. Nothing but the
//! login is kept.

use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::{Method, Response, StatusCode};

use crate::consent::cookie::{session_id, set_session};
use crate::consent::page::{Card, refused, refused_for_want_of_random_bytes};
use crate::consent::request::{ConsentRequest, WantedIntegration};
use crate::consent::site::Site;
use crate::consent::visit::{Asking, Form, Visit};
use crate::reply::outcome::Outcome;
use crate::reply::response::{empty, set, with_text};
use crate::state::consent_session::Session;
use crate::state::platform::Platform;
use crate::wire::owned_request::OwnedRequest;
use crate::wire::web_address::WebAddress;

/// The script that draws the button.
const BUTTON: &str = include_str!("button.js");

/// What a request to the consent page comes to; this page has no faults.
pub(crate) async fn visit_outcome(
    platform: &Platform,
    site: Site,
    request: &OwnedRequest,
) -> Outcome {
    let known = session_id(platform, &request.parts);
    let known = known.and_then(|id| platform.lock().sessions.find(&id));
    let is_known = known.is_some();
    let session = match known {
        Some(session) => Ok(session),
        None => platform.lock().sessions.begin(None),
    };
    let mut outcome = match session {
        Ok(session) => {
            let id = session.id.clone();
            let mut outcome = visit(platform, site, request, session).await;
            if !is_known {
                set_session(platform, &mut outcome.response, &id);
            }
            outcome
        }
        Err(_) => refused_for_want_of_random_bytes(),
    };
    outcome.code = format!("consent-{}", outcome.code).into();
    outcome
}

/// Answers with the script that draws the button.
pub(crate) fn button() -> Response<Body> {
    let mut response = with_text(
        StatusCode::OK,
        "text/javascript; charset=utf-8",
        BUTTON.into(),
    );
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// Answers a browser that asks for an icon by itself.
pub(crate) fn no_icon() -> Response<Body> {
    empty(StatusCode::NO_CONTENT)
}

async fn visit(
    platform: &Platform,
    site: Site,
    request: &OwnedRequest,
    session: Session,
) -> Outcome {
    let parts = &request.parts;
    let wanted = match ConsentRequest::read(&parts.uri) {
        Ok(wanted) => wanted,
        Err(error) => {
            let reason = error.reason();
            return refused(
                StatusCode::BAD_REQUEST,
                "query",
                "This link is broken",
                &reason,
            )
            .by_rule(error.rule());
        }
    };
    let asking = match asking(platform, site, &wanted) {
        Ok(asking) => asking,
        Err(outcome) => return outcome,
    };
    let visit = Visit {
        platform,
        site,
        wanted,
        asking,
        session,
    };
    match parts.method {
        Method::GET | Method::HEAD => visit.show(),
        Method::POST => visit.carry_out(parts, Form::read(&request.body)).await,
        _ => {
            let reason = "the consent page takes GET and POST";
            let status = StatusCode::METHOD_NOT_ALLOWED;
            refused(status, "method", "This is not a page for that", reason)
        }
    }
}

/// The integration, if it may ask here at all.
fn asking(platform: &Platform, site: Site, wanted: &ConsentRequest) -> Result<Asking, Outcome> {
    let client_id = match &wanted.integration {
        WantedIntegration::Known { client_id } => client_id,
        WantedIntegration::External(external) => {
            return Ok(Asking {
                card: external.card(),
                redirect_uri: external.redirect_uri.clone(),
            });
        }
    };
    let state = platform.lock();
    let refused = |status, rule: Option<&'static str>, code, title: &str, reason: &str| {
        Err(refused(status, code, title, reason).by_rule(rule))
    };
    let forbidden = StatusCode::FORBIDDEN;
    let Some(integration) = state.integration(client_id) else {
        let reason = "No integration has this client_id.";
        let (status, title) = (StatusCode::NOT_FOUND, "Unknown integration");
        return refused(status, Some("G1"), "client-unknown", title, reason);
    };
    let settings = &integration.settings;
    if !settings.active {
        let reason = "This integration is switched off. It can neither be installed nor allowed.";
        return refused(
            forbidden,
            None,
            "integration-off",
            "Integration switched off",
            reason,
        );
    }
    let own = settings.base_domain.as_deref();
    if let Some(base_domain) = own.filter(|own| !site.serves(own)) {
        let reason = format!(
            "This integration is for accounts under .{base_domain}, which have another consent page."
        );
        return refused(
            forbidden,
            Some("G1"),
            "platform-mismatch",
            "Another platform",
            &reason,
        );
    }
    let Some(redirect_uri) = WebAddress::parse(&integration.redirect_uri) else {
        let reason = "The redirect URI of this integration is no http or https address.";
        return refused(
            forbidden,
            Some("G12"),
            "redirect-uri",
            "Broken integration",
            reason,
        );
    };
    let card = Card {
        name: settings.name.clone(),
        description: settings.description.clone(),
        logo: settings.logo.clone(),
        scopes: settings.scopes.clone(),
    };
    Ok(Asking { card, redirect_uri })
}
