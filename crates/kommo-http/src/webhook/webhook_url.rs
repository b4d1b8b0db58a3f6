//! Where a body may go: a URL that the user wrote.

use core::{error, fmt};

use kommo_account::is_loopback_host;
use reqwest::Url;

/// The URL of a server of the user's. `Debug` and `Display` show scheme, host and port alone: the
/// rest may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Takes `https` to any host, and `http` to loopback: bodies are messages of persons.
    ///
    /// # Errors
    ///
    /// - `"php-app/hooks"`: [`WebhookUrlError::Unreadable`].
    /// - `"ftp://host/"`: [`WebhookUrlError::Scheme`].
    /// - `"http://php-app/hooks"`: [`WebhookUrlError::NotEncrypted`].
    /// - `"https://me:pw@host/"`: [`WebhookUrlError::Credentials`].
    /// - `"https://host/#a"`: [`WebhookUrlError::Fragment`].
    pub fn parse(text: &str) -> Result<Self, WebhookUrlError> {
        let url = Self::unencrypted(text)?;
        match url.0.scheme() == "https" || url.is_loopback() {
            true => Ok(url),
            false => Err(WebhookUrlError::NotEncrypted),
        }
    }

    /// The same with `http` to any host: for a network that nobody else listens to, as between
    /// containers.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), without [`WebhookUrlError::NotEncrypted`].
    pub fn unencrypted(text: &str) -> Result<Self, WebhookUrlError> {
        let url = Url::parse(text).map_err(|_| WebhookUrlError::Unreadable)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(WebhookUrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookUrlError::Credentials);
        }
        match url.fragment() {
            None => Ok(Self(url)),
            Some(_) => Err(WebhookUrlError::Fragment),
        }
    }

    /// Whether it leads to this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback_host)
    }

    pub(crate) fn url(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({self}/..)")
    }
}

/// Why a text is not a URL to send to. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookUrlError {
    /// It is not an absolute URL.
    Unreadable,
    /// Its scheme is neither `https` nor `http`.
    Scheme,
    /// `http` to another machine.
    NotEncrypted,
    /// A user name or a password is in it; the signature is the proof.
    Credentials,
    /// What follows `#` is never sent.
    Fragment,
}

impl fmt::Display for WebhookUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "url is not absolute",
            Self::Scheme => "url is neither https nor http",
            Self::NotEncrypted => "url is http to another machine",
            Self::Credentials => "url has a user name or a password",
            Self::Fragment => "url has a fragment",
        })
    }
}

impl error::Error for WebhookUrlError {}
