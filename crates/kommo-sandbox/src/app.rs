//! The whole sandbox as a router, callable without a socket.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, DATE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::any;

use crate::chats::exchange::{Reply, exchange, is_chats_path, refuse_unjudged};
use crate::chats::refusal::Refusal;
use crate::consent::endpoint::{button, consent, no_icon};
use crate::consent::site::{ConsentRoute, consent_route};
use crate::control::calls::{ControlError, control};
use crate::control::dashboard::dashboard;
use crate::control::grant_calls::grant_control;
use crate::control::hook_calls::hook_control;
use crate::faults::surface::Surface;
use crate::platform_exchange::{OwnedRequest, exchange_platform, surface_of};
use crate::reply::response::{set, set_date, with_json};
use crate::secrets::channel_key::same_text;
use crate::secrets::random_text::random_hex;
use crate::state::platform::Platform;
use crate::wire::host::{host_of, is_chats_host, is_loopback_host, is_own_host, is_own_origin};
use crate::wire::platform_host::PlatformHost;
use crate::wire::read_body::{ReadBodyError, read_body};
use crate::wire::received_request::ReceivedRequest;

/// The longest body of a request to the platform: 1 MiB.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// The longest body of a call to the control API: 64 KiB.
const CONTROL_BODY_LIMIT_BYTES: usize = 64 * 1024;

/// The sandbox as a router: the platform's routes, and below [`Platform::control_path`] the control API and the page.
///
/// Every response carries a `Date` of the virtual clock. A request must name a host: a loopback address,
/// `localhost`, or a Chats API host such as `amojo.kommo.com`; the control API takes loopback only.
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
    match consent_route(&host, parts.uri.path()) {
        Some((site, ConsentRoute::Consent)) => {
            let body = body.as_deref().unwrap_or_default();
            return consent(&platform, site, &parts, body).await;
        }
        Some((_, ConsentRoute::Button)) => return button(),
        Some((_, ConsentRoute::Icon)) => return no_icon(),
        None => {}
    }
    let platform_host = PlatformHost::parse(&host);
    let surface = surface_of(parts.uri.path()).or_else(|| {
        // Any other path at a host of the platform, the Chats API apart, is one where nothing is.
        let elsewhere = platform_host.is_some() && !is_chats_path(parts.uri.path());
        elsewhere.then_some(Surface::Crm)
    });
    let platform_host = platform_host.or_else(|| {
        let follows_a_link = surface == Some(Surface::Crm) && is_loopback_host(&host);
        follows_a_link.then_some(PlatformHost::Loopback)
    });
    if let (Some(surface), Some(host), Ok(body)) = (surface, platform_host, &body) {
        let request = owned(&parts, body.clone());
        return exchange_platform(platform, request, host, surface).await;
    }
    let headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let bytes = body.as_deref().unwrap_or_default();
    let request = ReceivedRequest::new(parts.method.as_str(), target, &headers, bytes);
    let host_fits = match surface {
        None => check_host(&parts),
        Some(_) => check_platform_host(&host),
    };
    if let Err(refusal) = host_fits.and(body.as_ref().map_err(|error| unread(*error))) {
        return refuse_unjudged(&platform, &request, &refusal);
    }
    let Reply { response, delay } = exchange(&platform, &request);
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    response
}

fn owned(parts: &Parts, body: Vec<u8>) -> OwnedRequest {
    let target = parts.uri.path_and_query();
    let headers = parts.headers.iter();
    OwnedRequest {
        method: parts.method.as_str().to_owned(),
        target: target.map_or("", |target| target.as_str()).to_owned(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body,
    }
}

fn check_host(parts: &Parts) -> Result<(), Refusal> {
    match host_of(&parts.uri, &parts.headers) {
        Some(host) if is_loopback_host(&host) || is_chats_host(&host) => Ok(()),
        host => {
            let reason = match host.as_deref().and_then(PlatformHost::parse) {
                Some(_) => {
                    "the Chats API is at amojo.kommo.com, amojo.amocrm.ru and amojo.amocrm.com, not at this host"
                }
                None => "the host is neither loopback nor a host of the platform",
            };
            let status = StatusCode::MISDIRECTED_REQUEST;
            let refusal = Refusal::other(status, "MISDIRECTED_REQUEST", "host-unknown", reason);
            Err(Refusal {
                rule: Some("A5"),
                ..refusal
            })
        }
    }
}

/// The token endpoint and the CRM API are told apart by account.
fn check_platform_host(host: &str) -> Result<(), Refusal> {
    if PlatformHost::parse(host).is_some() {
        return Ok(());
    }
    let reason = "this path belongs to an account's host: name it in Host, or in the address as in http://sandbox-one.kommo.localhost:PORT";
    let status = StatusCode::MISDIRECTED_REQUEST;
    Err(Refusal {
        rule: Some("A1"),
        ..Refusal::other(status, "MISDIRECTED_REQUEST", "account-host-needed", reason)
    })
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

/// The control API, for those who know its token; for all others this path is one that does not exist.
async fn answer_control(State(platform): State<Platform>, request: Request) -> Response<Body> {
    let Some(path) = below_token(&platform, request.uri().path()).map(str::to_owned) else {
        return answer_platform(State(platform), request).await;
    };
    let (parts, body) = request.into_parts();
    let body = read_body(body, CONTROL_BODY_LIMIT_BYTES).await;
    let answered = match check_caller(&platform, &parts) {
        Ok(()) => call(&platform, &parts, &path, body).await,
        Err(error) => Err(error),
    };
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
) -> Result<Response<Body>, ControlError> {
    let body = body.map_err(|error| match error {
        ReadBodyError::TooLong => ControlError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is longer than 65536 bytes",
        ),
        ReadBodyError::Broken => ControlError::new(StatusCode::BAD_REQUEST, "the body broke off"),
    })?;
    if path == "/dashboard" && parts.method == Method::GET {
        let no_nonce = |_| ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, "no random bytes");
        return random_hex::<16>()
            .map(|nonce| dashboard(&nonce))
            .map_err(no_nonce);
    }
    let (method, query) = (&parts.method, parts.uri.query());
    let answer = match hook_control(platform, method, path, query, &body).await {
        Some(answer) => answer?,
        None => match grant_control(platform, method, path, query, &body).await {
            Some(answer) => answer?,
            None => control(platform, method, path, query, &body)?,
        },
    };
    Ok(with_json(StatusCode::OK, &answer))
}
