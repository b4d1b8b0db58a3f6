//! The consent page: who is there, what is asked for, for which account; then the redirect with a code, or without one.
//!
//! ```text
//!   GET ──► log in ──► choose ──► allow ──► (on the fly: secrets_uri must answer 200) ──► code
//!                         └─────► refuse ─────────────────────────────────────────────► error=access_denied
//! ```
//!
//! Every step is a request to the same address, whose query is read anew each time. Nothing but the login is kept.

use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};

use crate::consent::cookie::{session_id, set_session};
use crate::consent::page::Card;
use crate::consent::request::{ConsentRequest, WantedIntegration};
use crate::consent::site::Site;
use crate::consent::told::Told;
use crate::consent::visit::{Asking, Form, Visit};
use crate::reply::response::{set, with_text};
use crate::state::consent_session::Session;
use crate::state::platform::Platform;
use crate::wire::web_address::WebAddress;

/// The script that draws the button.
const BUTTON: &str = include_str!("button.js");

/// Answers a request to the consent page, and writes it down.
pub(crate) async fn consent(
    platform: &Platform,
    site: Site,
    parts: &Parts,
    body: &[u8],
) -> Response<Body> {
    let known = session_id(platform, parts).and_then(|id| platform.lock().sessions.find(&id));
    let is_known = known.is_some();
    let session = match known {
        Some(session) => Ok(session),
        None => platform.lock().sessions.begin(None),
    };
    let told = match session {
        Ok(session) => {
            let id = session.id.clone();
            let mut told = visit(platform, site, parts, body, session).await;
            if let (false, Ok(response)) = (is_known, &mut told.response) {
                set_session(platform, response, &id);
            }
            told
        }
        Err(error) => Told::refused(Err(error), "no-random-bytes", "no random bytes"),
    };
    told.write_down(platform, parts)
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
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

async fn visit(
    platform: &Platform,
    site: Site,
    parts: &Parts,
    body: &[u8],
    session: Session,
) -> Told {
    let wanted = match ConsentRequest::read(&parts.uri) {
        Ok(wanted) => wanted,
        Err(error) => {
            let reason = error.reason();
            return Told::message(
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
        Err(told) => return *told,
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
        Method::POST => visit.carry_out(parts, Form::read(body)).await,
        _ => {
            let reason = "the consent page takes GET and POST";
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Told::message(status, "method", "This is not a page for that", reason)
        }
    }
}

/// The integration, if it may ask here at all.
fn asking(platform: &Platform, site: Site, wanted: &ConsentRequest) -> Result<Asking, Box<Told>> {
    let client_id = match &wanted.integration {
        WantedIntegration::Known { client_id } => client_id,
        WantedIntegration::External(external) => {
            return Ok(Asking {
                card: external.card(),
                redirect_uri: external.redirect_uri.clone(),
            });
        }
    };
    let changing = platform.lock();
    let Some(integration) = changing.integration(client_id) else {
        let reason = "No integration has this client_id.";
        let status = StatusCode::NOT_FOUND;
        return Err(Box::new(
            Told::message(status, "client-unknown", "Unknown integration", reason).by_rule("G1"),
        ));
    };
    let settings = &integration.settings;
    if !settings.active {
        let reason = "This integration is switched off. It can neither be installed nor allowed.";
        let status = StatusCode::FORBIDDEN;
        return Err(Box::new(Told::message(
            status,
            "integration-off",
            "Integration switched off",
            reason,
        )));
    }
    if let Some(base_domain) = settings
        .base_domain
        .as_deref()
        .filter(|own| !site.serves(own))
    {
        let reason = format!(
            "This integration is for accounts under .{base_domain}, which have another consent page."
        );
        let status = StatusCode::FORBIDDEN;
        return Err(Box::new(
            Told::message(status, "platform-mismatch", "Another platform", &reason).by_rule("G1"),
        ));
    }
    let Some(redirect_uri) = WebAddress::parse(&integration.redirect_uri) else {
        let reason = "The redirect URI of this integration is no http or https address.";
        let status = StatusCode::FORBIDDEN;
        return Err(Box::new(
            Told::message(status, "redirect-uri", "Broken integration", reason).by_rule("G12"),
        ));
    };
    let card = Card {
        name: settings.name.clone(),
        description: settings.description.clone(),
        logo: settings.logo.clone(),
        scopes: settings.scopes.clone(),
    };
    Ok(Asking { card, redirect_uri })
}
