//! A client of a few plain lines: it fills in a token request, reads a pair, and calls the CRM API.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use kommo_sandbox::{OauthRules, Platform, Sandbox, SandboxConfig, app};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;

pub(crate) const CLIENT: &str = "c11e0000-0000-4000-8000-000000000001";
pub(crate) const SECRET: &str = "planted-client-secret-0123456789";
pub(crate) const REDIRECT: &str = "https://integration.example/kommo/redirect";
pub(crate) const HOST: &str = "sandbox-one.kommo.com";
pub(crate) const ACCOUNT: u64 = 10_000_001;
pub(crate) const USER: u64 = 20_000_001;
pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn config(oauth: OauthRules) -> SandboxConfig {
    SandboxConfig {
        client_secret: Some(SECRET.into()),
        now: Some(NOW),
        oauth,
        ..SandboxConfig::default()
    }
}

pub(crate) fn platform() -> Platform {
    Platform::new(config(OauthRules::default())).unwrap()
}

pub(crate) fn platform_with(oauth: OauthRules) -> Platform {
    Platform::new(config(oauth)).unwrap()
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn pair(&self) -> Pair {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let body = self.json();
        Pair {
            access: body["access_token"].as_str().unwrap().to_owned(),
            refresh: body["refresh_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Status and hint of a problem; an absent hint is empty.
    pub(crate) fn problem(&self) -> (u16, String) {
        let hint = self.json()["hint"].as_str().unwrap_or_default().to_owned();
        (self.status, hint)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// One request over the router.
pub(crate) async fn send(
    platform: &Platform,
    method: &str,
    host: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.into())).unwrap();
    let response = app(platform.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default()
        .to_vec();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// A token request with a JSON body.
pub(crate) async fn token(platform: &Platform, host: &str, body: &Value) -> Answer {
    send(
        platform,
        "POST",
        host,
        "/oauth2/access_token",
        &[JSON],
        body.to_string(),
    )
    .await
}

pub(crate) fn exchange_body(code: &str) -> Value {
    json!({
        "client_id": CLIENT, "client_secret": SECRET, "grant_type": "authorization_code",
        "code": code, "redirect_uri": REDIRECT,
    })
}

pub(crate) fn refresh_body(token: &str) -> Value {
    json!({
        "client_id": CLIENT, "client_secret": SECRET, "grant_type": "refresh_token",
        "refresh_token": token, "redirect_uri": REDIRECT,
    })
}

/// `body` with one field changed; `null` takes it away.
pub(crate) fn with(mut body: Value, field: &str, value: Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    match value {
        Value::Null => fields.remove(field),
        value => fields.insert(field.into(), value),
    };
    body
}

pub(crate) async fn refresh(platform: &Platform, token: &str) -> Answer {
    self::token(platform, HOST, &refresh_body(token)).await
}

pub(crate) fn code(platform: &Platform) -> String {
    platform.issue_code(ACCOUNT, None).unwrap().code
}

/// A first pair, by way of a code.
pub(crate) async fn granted(platform: &Platform) -> Pair {
    let body = exchange_body(&code(platform));
    token(platform, HOST, &body).await.pair()
}

/// A call to the CRM API.
pub(crate) async fn get(platform: &Platform, access: &str, target: &str) -> Answer {
    let bearer = format!("Bearer {access}");
    send(
        platform,
        "GET",
        HOST,
        target,
        &[("authorization", &bearer)],
        "",
    )
    .await
}

pub(crate) async fn works(platform: &Platform, access: &str) -> bool {
    get(platform, access, "/api/v4/account").await.status == 200
}

/// One request over a real socket; everything that came until the other side closed.
pub(crate) async fn over_socket(sandbox: &Sandbox, body: &Value) -> Vec<u8> {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(wire(body).as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A cut connection is an error, or an end.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

fn wire(body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST /oauth2/access_token HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A call to the control API.
pub(crate) async fn control(platform: &Platform, method: &str, path: &str, body: &Value) -> Answer {
    let target = format!("{}/{path}", platform.control_path());
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    send(platform, method, "127.0.0.1", &target, &[], body).await
}

/// The code of the latest journal entry.
pub(crate) fn told(platform: &Platform) -> String {
    platform.journal().pop().unwrap().detail.unwrap().code
}
