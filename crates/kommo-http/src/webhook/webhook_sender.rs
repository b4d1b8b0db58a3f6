//! Sends a signed body to one URL, once.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use kommo_sign::{WebhookId, WebhookKey};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Client, Response, redirect, retry};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::error::{BuildError, Cause, TransportError};
use crate::transport::raw_response::RawResponse;
use crate::transport::tls_roots;
use crate::webhook::webhook_answer::WebhookAnswer;
use crate::webhook::webhook_url::WebhookUrl;

/// So much of an answer's body is read, so that its connection can be used again.
const DRAINED_BYTES: usize = 64 * 1024;
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// Settings of a [`WebhookSender`], with defaults.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookSettings {
    /// How long connecting may take, TLS included. Default: 5 seconds.
    pub connect_timeout: Duration,
    /// How long an attempt may take until the status is there, the connection included. Default: 20
    /// seconds; Standard Webhooks recommends 15 to 30.
    pub total_timeout: Duration,
}

impl WebhookSettings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(20),
        }
    }
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends bodies to one URL of the user's, signed by the scheme of Standard Webhooks: the headers
/// `webhook-id`, `webhook-timestamp` and `webhook-signature`.
///
/// Redirects are not followed; certificates and names are checked; nothing is repeated; no cookie
/// is kept. Of the answer, the status and `Retry-After` are read. Cheap to clone; clones share
/// their connections. It needs a Tokio runtime with I/O and time.
///
/// Source: rules W1 to W3 of `docs/protocol.md`.
///
/// # Security
///
/// Its connections are its own. It takes keys of this scheme alone, so no secret and no token of
/// the platform can be named here; a [`Transport`](crate::Transport), which has them, cannot reach
/// this URL.
#[derive(Clone)]
pub struct WebhookSender {
    client: Client,
    url: WebhookUrl,
    keys: Vec<WebhookKey>,
}

impl WebhookSender {
    /// A sender to this URL with this key; reads the roots of this machine, a few milliseconds.
    ///
    /// # Errors
    ///
    /// [`BuildError::Tls`] and [`BuildError::Http`], which are not known to happen.
    pub fn new(
        url: WebhookUrl,
        key: WebhookKey,
        settings: &WebhookSettings,
    ) -> Result<Self, BuildError> {
        let tls = tls_roots::client_config(tls_roots::roots())?;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .http1_only()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.total_timeout)
            .user_agent(concat!("kommo-http/", env!("CARGO_PKG_VERSION")));
        let builder = match url.is_loopback() {
            true => builder.no_proxy(),
            false => builder,
        };
        let client = builder
            .build()
            .map_err(|error| BuildError::Http(Cause::of(&error.without_url())))?;
        Ok(Self {
            client,
            url,
            keys: [key].into(),
        })
    }

    /// Signs with another key too, during a rotation: the receiver takes whichever it knows.
    #[must_use]
    pub fn also_signing(mut self, key: WebhookKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Where it sends to.
    #[must_use]
    pub const fn url(&self) -> &WebhookUrl {
        &self.url
    }

    /// Sends once. `timestamp_seconds` is now: it is signed, and a receiver refuses an old one. The
    /// body is sent as it is.
    ///
    /// # Errors
    ///
    /// No status came: [`TransportError::Connect`], [`Tls`](TransportError::Tls),
    /// [`Timeout`](TransportError::Timeout) or [`Cut`](TransportError::Cut). After the last two it
    /// is not known whether the receiver has taken it: send it again, under the same id.
    pub async fn send(
        &self,
        id: &WebhookId,
        timestamp_seconds: u64,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<WebhookAnswer, TransportError> {
        let headers = self.headers(id, timestamp_seconds, content_type, &body);
        let body = Zeroizing::new(body);
        let sent = self
            .client
            .post(self.url.url())
            .headers(headers)
            .body(Body::from(bytes::Bytes::from_owner(body)))
            .send();
        let mut response = sent.await.map_err(TransportError::from_reqwest)?;
        let head = core::mem::take(response.headers_mut());
        let head = RawResponse::new(response.status().as_u16(), head, Zeroizing::default());
        drain(response).await;
        Ok(WebhookAnswer {
            status: head.status(),
            retry_after: head.retry_after_from(timestamp_seconds),
        })
    }

    fn headers(
        &self,
        id: &WebhookId,
        timestamp_seconds: u64,
        content_type: &'static str,
        body: &[u8],
    ) -> HeaderMap {
        let signatures = self.keys.iter().map(|key| {
            let signature = key.sign(id, timestamp_seconds, body);
            String::from(signature.as_str())
        });
        let signatures = signatures.collect::<Vec<_>>().join(" ");
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in [
            ("webhook-id", String::from(id.as_str())),
            ("webhook-timestamp", timestamp_seconds.to_string()),
            ("webhook-signature", signatures),
        ] {
            // An id, digits and base64 are header text, so this does not fail.
            if let Ok(mut value) = HeaderValue::try_from(value) {
                value.set_sensitive(name == "webhook-signature");
                headers.insert(name, value);
            }
        }
        headers
    }
}

/// A short body is read to its end; of a long or slow one the connection is given up. What it says
/// changes nothing: the status is there.
async fn drain(mut response: Response) {
    let reading = async {
        let mut left = DRAINED_BYTES;
        while let Ok(Some(chunk)) = response.chunk().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = timeout(DRAINED_WITHIN, reading).await;
}

impl fmt::Debug for WebhookSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSender")
            .field("url", &self.url)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}
