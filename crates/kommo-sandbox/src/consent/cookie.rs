//! The cookie of the consent page, which names a session.

use axum::body::Body;
use axum::http::Response;
use axum::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;

use crate::state::platform::Platform;

/// Cookies know no ports: the name keeps sandboxes on one machine apart.
fn cookie_name(platform: &Platform) -> String {
    let port = platform.address().map_or(0, |address| address.port());
    format!("sandbox_session_{port}")
}

/// The session that a request names.
pub(crate) fn session_id(platform: &Platform, parts: &Parts) -> Option<String> {
    let name = cookie_name(platform);
    parts
        .headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(given, _)| *given == name)
        .map(|(_, id)| id.to_owned())
}

/// Lets the browser name this session from now on; its scripts and other sites' forms do not get at
/// it.
pub(crate) fn set_session(platform: &Platform, response: &mut Response<Body>, id: &str) {
    let cookie = format!(
        "{}={id}; Path=/; HttpOnly; SameSite=Lax",
        cookie_name(platform)
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}
