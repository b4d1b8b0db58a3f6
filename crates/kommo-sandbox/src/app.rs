//! The whole sandbox as a router, callable without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, DATE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::any;
use serde_json::json;

use crate::chats::endpoint::is_chats_path;
use crate::chats::refusal::Refusal;
use crate::consent::endpoint::{button, no_icon, visit_outcome};
use crate::consent::site::{ConsentRoute, consent_route};
use crate::control::calls::{ControlCall, ControlError, control};
use crate::control::customer_message::customer_requests;
use crate::control::dashboard::dashboard;
use crate::control::grant_calls::grant_control;
use crate::control::hook_calls::hook_control;
use crate::control::journal_calls::journal_control;
use crate::control::open_api_calls::open_api_control;
use crate::control::snapshot_calls::{SNAPSHOT_LIMIT_BYTES, SNAPSHOT_PATH, snapshot};
use crate::crm::call::is_crm_path;
use crate::faults::surface::Surface;
use crate::oauth::token_endpoint;
use crate::open_api::endpoint::is_open_api_path;
use crate::reply::outcome::Outcome;
use crate::reply::pipeline::{RequestContext, answer};
use crate::reply::response::{set, set_date, with_json};
use crate::secrets::channel_key::same_text;
use crate::state::platform::Platform;
use crate::wire::host::{
    host_of, is_chats_host, is_loopback_host, is_open_api_host, is_own_host, is_own_origin,
};
use crate::wire::owned_request::OwnedRequest;
use crate::wire::platform_host::PlatformHost;
use crate::wire::read_body::{ReadBodyError, read_body};
use crate::{chats, crm, open_api};

/// The longest body of a request to the platform: 1 MiB.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// The longest body of a call to the control API: 64 KiB.
const CONTROL_BODY_LIMIT_BYTES: usize = 64 * 1024;

/// The sandbox as a router: the platform's routes, and below [`Platform::control_path`] the control
/// API and the page.
///
/// Every response carries a `Date` of the virtual clock. A request must name a host: a loopback
/// address, `localhost`, or a Chats API host such as `amojo.kommo.com`; the control API takes
/// loopback only.
///
/// # Examples
///
/// ```
/// use kommo_sandbox::{Platform, SandboxConfig, app};
///
/// let platform = Platform::new(SandboxConfig::default())?;
/// let router = app(platform.clone());
/// # drop(router);
/// # Ok::<(), kommo_sandbox::StartError>(())
/// ```
pub fn app(platform: Platform) -> Router {
    Router::new()
        .route("/_sandbox/{token}/{*call}", any(answer_control))
        .fallback(answer_platform)
        .layer(from_fn_with_state(platform.clone(), date_answer))
        .with_state(platform)
}

/// The `Date` of answers that have none of their own.
async fn date_answer(
    State(platform): State<Platform>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let mut response = next.run(request).await;
    if !response.headers().contains_key(DATE) {
        set_date(&mut response, platform.now());
    }
    response
}

/// Everything that is not the control API.
async fn answer_platform(State(platform): State<Platform>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_LIMIT_BYTES).await;
    let host = host_of(&parts.uri, &parts.headers).unwrap_or_default();
    let consents = consent_route(&host, parts.uri.path());
    let here = PlatformHost::parse(&host);
    let surface = surface_of(parts.uri.path(), &host, here.is_some());
    let fits = match (surface, &here) {
        (Some(Surface::Token | Surface::Crm), Some(_)) => Ok(()),
        (Some(Surface::Crm), None) if is_loopback_host(&host) => Ok(()),
        (Some(Surface::Token | Surface::Crm), None) => Err(account_host_needed()),
        (Some(Surface::OpenApi), _) => check_open_api_host(&host),
        (Some(Surface::Chats | Surface::Hook) | None, _) => check_chats_host(&host, here.as_ref()),
    };
    let refusal = fits.and(body.as_ref().map(drop).map_err(|error| unread(*error)));
    let host = here.unwrap_or(PlatformHost::Loopback);
    let body = body.unwrap_or_default();
    let request = OwnedRequest { parts, body };
    match consents {
        Some((site, ConsentRoute::Consent)) => {
            let outcome = visit_outcome(&platform, site, &request).await;
            return answer(platform, request, host, None, |_| outcome).await;
        }
        Some((_, ConsentRoute::Button)) => return button(),
        Some((_, ConsentRoute::Icon)) => return no_icon(),
        None => {}
    }
    if let Err(refusal) = refusal {
        return answer(platform, request, host, None, |_| refusal.into_outcome()).await;
    }
    let judge: fn(&RequestContext<'_>) -> Outcome = match surface {
        Some(Surface::Token) => token_endpoint::judge,
        Some(Surface::Crm) => crm::endpoint::judge,
        Some(Surface::OpenApi) => open_api::endpoint::judge,
        Some(Surface::Chats | Surface::Hook) | None => chats::endpoint::judge,
    };
    answer(platform, request, host, surface, judge).await
}

/// The part of the platform that a path belongs to.
fn surface_of(path: &str, host: &str, on_platform: bool) -> Option<Surface> {
    // About ten public programs put a slash after it.
    if path.strip_suffix('/').unwrap_or(path) == token_endpoint::PATH {
        return Some(Surface::Token);
    }
    if is_open_api_path(path) || is_open_api_host(host) {
        return Some(Surface::OpenApi);
    }
    if is_crm_path(path) {
        return Some(Surface::Crm);
    }
    if is_chats_path(path) {
        return Some(Surface::Chats);
    }
    // Any other path at a host of the platform is one where nothing is.
    on_platform.then_some(Surface::Crm)
}

fn check_chats_host(host: &str, here: Option<&PlatformHost>) -> Result<(), Refusal> {
    if is_loopback_host(host) || is_chats_host(host) {
        return Ok(());
    }
    let reason = match here {
        Some(_) => {
            "the Chats API is at amojo.kommo.com, amojo.amocrm.ru and amojo.amocrm.com, not at this host"
        }
        None => "the host is neither loopback nor a host of the platform",
    };
    Err(misdirected("A5", "host-unknown", reason))
}

fn check_open_api_host(host: &str) -> Result<(), Refusal> {
    if is_loopback_host(host) || is_open_api_host(host) {
        return Ok(());
    }
    let reason = "the Open API is at apichat.twt.com, not at this host";
    Err(misdirected("O7", "host-unknown", reason))
}

/// The token endpoint and the CRM API belong to an account.
fn account_host_needed() -> Refusal {
    let reason = "this path belongs to an account's host: name it in Host, or in the address as in http://sandbox-one.kommo.localhost:PORT";
    misdirected("A1", "account-host-needed", reason)
}

fn misdirected(rule: &'static str, code: &'static str, reason: &str) -> Refusal {
    let status = StatusCode::MISDIRECTED_REQUEST;
    Refusal {
        rule: Some(rule),
        ..Refusal::other(status, "MISDIRECTED_REQUEST", code, reason)
    }
}

fn unread(error: ReadBodyError) -> Refusal {
    match error {
        ReadBodyError::TooLong => {
            let reason = "the body is longer than 1048576 bytes";
            Refusal::other(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                "body-too-long",
                reason,
            )
        }
        ReadBodyError::Broken => {
            let reason = "the body broke off";
            Refusal::other(
                StatusCode::BAD_REQUEST,
                "BAD_REQUEST",
                "body-broken",
                reason,
            )
        }
    }
}

/// The control API, for those who know its token; for all others this path is one that does not
/// exist.
async fn answer_control(State(platform): State<Platform>, request: Request) -> Response<Body> {
    let Some(path) = below_token(&platform, request.uri().path()).map(str::to_owned) else {
        return answer_platform(State(platform), request).await;
    };
    let (parts, body) = request.into_parts();
    let limit = match path.as_str() {
        SNAPSHOT_PATH => SNAPSHOT_LIMIT_BYTES,
        _ => CONTROL_BODY_LIMIT_BYTES,
    };
    let body = read_body(body, limit).await;
    let answered = match check_caller(&platform, &parts) {
        Ok(()) => call(&platform, &parts, &path, body, limit).await,
        Err(error) => Err(error),
    };
    let kept = platform
        .kept()
        .await
        .map_err(|error| ControlError::state(&error));
    let answered = answered.and_then(|answer| kept.map(|()| answer));
    let mut response = answered.unwrap_or_else(|error| error.response());
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, CACHE_CONTROL, "no-store");
    set(&mut response, REFERRER_POLICY, "no-referrer");
    response
}

/// What follows the token, with its slash, if the token is right.
fn below_token<'a>(platform: &Platform, path: &'a str) -> Option<&'a str> {
    let (prefix, rest) = path.split_at_checked(platform.control_path().len())?;
    let right = same_text(prefix.as_bytes(), platform.control_path().as_bytes());
    (right && rest.starts_with('/')).then_some(rest)
}

/// Keeps web pages out, one that rebound its own name to this address included.
fn check_caller(platform: &Platform, parts: &Parts) -> Result<(), ControlError> {
    let address = platform.address();
    let own_host =
        host_of(&parts.uri, &parts.headers).is_some_and(|host| is_own_host(&host, address));
    if !own_host {
        return Err(ControlError::new(
            StatusCode::FORBIDDEN,
            "the host is not this sandbox's own address",
        ));
    }
    if !is_own_origin(&parts.headers, address) {
        return Err(ControlError::new(
            StatusCode::FORBIDDEN,
            "the origin is another web page",
        ));
    }
    Ok(())
}

async fn call(
    platform: &Platform,
    parts: &Parts,
    path: &str,
    body: Result<Vec<u8>, ReadBodyError>,
    limit: usize,
) -> Result<Response<Body>, ControlError> {
    let body = body.map_err(|error| match error {
        ReadBodyError::TooLong => ControlError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is longer than {limit} bytes"),
        ),
        ReadBodyError::Broken => ControlError::new(StatusCode::BAD_REQUEST, "the body broke off"),
    })?;
    if path == SNAPSHOT_PATH {
        return snapshot(platform, &parts.method, body).await;
    }
    if let (&Method::GET, Some(file)) = (&parts.method, dashboard(path)) {
        return Ok(file);
    }
    match (path, &parts.method) {
        ("/customer-messages", &Method::POST) => return customer_writes(platform, &body).await,
        // A receiver for those who have none yet: it answers 200 and does nothing.
        ("/hook-sink", &Method::POST) => return Ok(with_json(StatusCode::OK, &json!({}))),
        _ => {}
    }
    let call = ControlCall {
        method: &parts.method,
        path,
        query: parts.uri.query(),
        body: &body,
    };
    let at_once = journal_control(platform, &call).or_else(|| open_api_control(platform, &call));
    if let Some(answer) = at_once {
        return Ok(with_json(StatusCode::OK, &answer?));
    }
    let answer = match hook_control(platform, &call).await {
        Some(answer) => answer?,
        None => match grant_control(platform, &call).await {
            Some(answer) => answer?,
            None => control(platform, &call).await?,
        },
    };
    Ok(with_json(StatusCode::OK, &answer))
}

/// Sends what the integration would send when a customer writes, and answers with what the platform
/// answered last. A request that is refused ends it.
async fn customer_writes(platform: &Platform, body: &[u8]) -> Result<Response<Body>, ControlError> {
    let mut last = json!(null);
    for request in customer_requests(platform, body)? {
        let answer = answer_platform(State(platform.clone()), request).await;
        let status = answer.status();
        let Ok(text) = to_bytes(answer.into_body(), BODY_LIMIT_BYTES).await else {
            // The connection was cut.
            last = json!({ "status": null, "answer": null });
            break;
        };
        let text = String::from_utf8_lossy(&text);
        last = json!({ "status": status.as_u16(), "answer": text });
        if !status.is_success() {
            break;
        }
    }
    Ok(with_json(StatusCode::OK, &last))
}
