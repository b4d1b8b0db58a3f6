//! What our cookies are called and marked with, and how they are found among those of others.

use axum::http::header::{COOKIE, HeaderMap, HeaderValue};

/// Attempts under way.
pub(crate) const STATE: &str = "kommo-state-";
/// How attempts ended.
pub(crate) const RESULT: &str = "kommo-result-";

/// What cookies are called, and what they are marked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieKind {
    /// `__Host-…`, `Secure`: no other host and no plain connection can set it.
    Host,
    /// For an application without TLS on this machine: there, not all browsers keep a `Secure`
    /// cookie.
    Loopback,
}

impl CookieKind {
    /// By the Redirect URI, which is `https`, or `http` on a loopback host.
    pub(crate) fn of(redirect_uri: &str) -> Self {
        if redirect_uri.starts_with("https://") {
            Self::Host
        } else {
            Self::Loopback
        }
    }

    const fn begins(self) -> &'static str {
        match self {
            Self::Host => "__Host-",
            Self::Loopback => "",
        }
    }

    const fn marks(self) -> &'static str {
        match self {
            Self::Host => "; Path=/; Secure; HttpOnly; SameSite=Lax",
            Self::Loopback => "; Path=/; HttpOnly; SameSite=Lax",
        }
    }

    /// `Set-Cookie` with a value, for this many seconds; zero ends it.
    pub(crate) fn set(
        self,
        family: &str,
        name: &str,
        value: &str,
        seconds: u64,
    ) -> Option<HeaderValue> {
        let (begins, marks) = (self.begins(), self.marks());
        secret_header(&format!(
            "{begins}{family}{name}={value}; Max-Age={seconds}{marks}"
        ))
    }

    /// How long the cookie is in a request, with the separator before the next one.
    pub(crate) const fn bytes(self, family: &str, name: &str, value: &str) -> usize {
        self.begins().len() + family.len() + name.len() + value.len() + "=; ".len()
    }

    /// How long all cookies of a request are together.
    pub(crate) fn all_bytes(headers: &HeaderMap) -> usize {
        let lines = headers.get_all(COOKIE).iter();
        lines.map(|line| line.len() + "; ".len()).sum()
    }

    /// The cookies of one family: the rest of each one's name, and its value.
    pub(crate) fn family<'a>(
        self,
        family: &'static str,
        headers: &'a HeaderMap,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        pairs(headers).filter_map(move |(name, value)| {
            let name = name.strip_prefix(self.begins())?.strip_prefix(family)?;
            Some((name, value))
        })
    }

    /// The cookies of a request without ours, for the application's eyes.
    pub(crate) fn without_ours(self, headers: &HeaderMap) -> Option<HeaderValue> {
        let is_ours = |name: &str| {
            let name = name.strip_prefix(self.begins());
            name.is_some_and(|name| name.starts_with(STATE) || name.starts_with(RESULT))
        };
        let rest: Vec<String> = pairs(headers)
            .filter(|(name, _)| !is_ours(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if rest.is_empty() {
            return None;
        }
        secret_header(&rest.join("; "))
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Marked as sensitive, so that no layer prints it.
fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
