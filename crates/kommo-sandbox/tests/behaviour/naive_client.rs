//! A client of a few plain lines, with a signature spelled out by hand: HMAC from its definition
//! (RFC 2104), so that neither the sandbox's code nor its crate for HMAC judges itself.

use core::time::Duration;
use std::time::UNIX_EPOCH;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use kommo_sandbox::{Platform, SandboxConfig, app};
use md5::{Digest, Md5};
use serde_json::Value;
use sha1::Sha1;
use tower::ServiceExt;

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const CHANNEL: &str = "c0ffee00-0000-4000-8000-000000000001";
pub(crate) const ACCOUNT: &str = "acc00000-0000-4000-8000-000000000001";
pub(crate) const NOW: u64 = 1_669_231_521;

/// A platform with a known secret whose clock stands at [`NOW`].
pub(crate) fn config() -> SandboxConfig {
    SandboxConfig {
        channel_secret: Some(SECRET.into()),
        now: Some(NOW),
        ..SandboxConfig::default()
    }
}

pub(crate) fn platform() -> Platform {
    Platform::new(config()).unwrap()
}

/// A request with every part in the open, so that a test can spoil any of them.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Draft {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let headers = vec![("host".into(), "127.0.0.1:4242".into())];
        Self {
            method: method.into(),
            target: target.into(),
            headers,
            body: Vec::new(),
        }
    }

    /// An unsigned connect of the default account.
    pub(crate) fn connect() -> Self {
        let body =
            format!(r#"{{"account_id":"{ACCOUNT}","title":"Chats","hook_api_version":"v2"}}"#);
        Self::new("POST", &format!("/v2/origin/custom/{CHANNEL}/connect")).body(body)
    }

    /// An unsigned disconnect of the default account.
    pub(crate) fn disconnect() -> Self {
        let body = format!(r#"{{"account_id":"{ACCOUNT}"}}"#);
        Self::new("DELETE", &format!("/v2/origin/custom/{CHANNEL}/disconnect")).body(body)
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Puts a header in place of any of that name.
    pub(crate) fn header(self, name: &str, value: impl Into<String>) -> Self {
        let mut draft = self.without(name);
        draft.headers.push((name.into(), value.into()));
        draft
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    fn value(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map_or("", |(_, value)| value)
    }

    /// Adds the signature over whatever the other headers are now.
    pub(crate) fn sign_as_is(self, secret: &str) -> Self {
        let path = self.target.split('?').next().unwrap();
        let string_to_sign = [
            &self.method,
            self.value("content-md5"),
            self.value("content-type"),
            self.value("date"),
            path,
        ]
        .join("\n");
        let signature = hmac_sha1(secret, string_to_sign.as_bytes());
        self.header("x-signature", signature)
    }

    /// A whole and right signature at `unix`.
    pub(crate) fn sign_at(self, unix: u64) -> Self {
        let md5 = hex(&Md5::digest(&self.body));
        self.header("date", date(unix))
            .header("content-type", "application/json")
            .header("content-md5", md5)
            .sign_as_is(SECRET)
    }

    pub(crate) async fn send(&self, platform: &Platform) -> Answer {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body.clone())).unwrap();
        let response = app(platform.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
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
}

/// The refusal of a platform that tells nothing but that.
#[track_caller]
pub(crate) fn assert_invalid_signature(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(
        String::from_utf8_lossy(&answer.body),
        r#"{"status":0,"error_code":403,"error_type":"ORIGIN_INVALID_SIGNATURE","error_description":"invalid signature"}"#
    );
}

/// The code and the rule of the latest journal entry.
#[track_caller]
pub(crate) fn latest(platform: &Platform) -> (String, String) {
    let entry = platform.journal().pop().unwrap();
    (entry.detail.unwrap().code, entry.rule.unwrap_or_default())
}

pub(crate) fn date(unix: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix)).replace("GMT", "+0000")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn hmac_sha1(secret: &str, message: &[u8]) -> String {
    let mut key = secret.as_bytes().to_vec();
    assert!(key.len() <= 64, "this naive HMAC takes short keys only");
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = Sha1::digest([padded(0x36), message.to_vec()].concat());
    hex(&Sha1::digest([padded(0x5c), inner.to_vec()].concat()))
}
