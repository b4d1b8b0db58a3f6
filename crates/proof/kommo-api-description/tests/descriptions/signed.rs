//! Requests signed by hand and sent over the sandbox's router.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use hmac::{Hmac, KeyInit, Mac};
use kommo_sandbox::{Platform, SandboxConfig, app};
use md5::{Digest, Md5};
use serde_json::Value;
use sha1::Sha1;
use sha2::Sha256;
use tower::ServiceExt;

pub(crate) const CHANNEL: &str = "c0ffee00-0000-4000-8000-000000000001";
pub(crate) const ACCOUNT: &str = "acc00000-0000-4000-8000-000000000001";
const NOW: u64 = 1_669_231_521;
const DATE: &str = "Wed, 23 Nov 2022 19:25:21 +0000";
const SECRET: &str = "planted-secret-0123456789";

pub(crate) fn platform() -> Platform {
    let secret = || Some(SECRET.to_owned());
    Platform::new(SandboxConfig {
        channel_secret: secret(),
        client_secret: secret(),
        app_secret: secret(),
        now: Some(NOW),
        ..SandboxConfig::default()
    })
    .unwrap()
}

pub(crate) fn secret() -> &'static str {
    SECRET
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Status, content type and body; an empty body is null, and one that is not JSON a text.
pub(crate) async fn send(
    platform: &Platform,
    method: &str,
    target: &str,
    body: &[u8],
) -> (u16, String, Value) {
    let md5 = hex(&Md5::digest(body));
    let path = target.split('?').next().unwrap();
    let lines = [method, &md5, "application/json", DATE, path].join("\n");
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(lines.as_bytes());
    let mut body_mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    body_mac.update(body);
    let host = match path {
        "/oauth2/access_token" => "sandbox-one.kommo.com",
        path if path.starts_with("/openapi/") => "apichat.twt.com",
        _ => "amojo.kommo.com",
    };
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", host)
        .header("date", DATE)
        .header("content-type", "application/json")
        .header("content-md5", md5)
        .header("x-signature", hex(&mac.finalize().into_bytes()))
        .header("x-chat-signature", hex(&body_mac.finalize().into_bytes()))
        .body(Body::from(body.to_vec()))
        .unwrap();
    let (parts, body) = app(platform.clone())
        .oneshot(request)
        .await
        .unwrap()
        .into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let content_type = parts.headers.get("content-type");
    let content_type = content_type.map_or("", |value| value.to_str().unwrap());
    let text = String::from_utf8(body.to_vec()).unwrap();
    let body = match text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    (parts.status.as_u16(), content_type.to_owned(), body)
}
