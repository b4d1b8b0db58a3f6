//! An `http` or `https` address that the sandbox redirects a browser to or sends a request to.

use core::fmt;

use axum::http::Uri;
use axum::http::uri::Scheme;

/// An absolute address with a host, without user and password, in visible ASCII. `Debug` shows its
/// origin alone: paths and queries may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebAddress {
    text: String,
    uri: Uri,
    origin: String,
    host: String,
}

impl WebAddress {
    /// Reads an address; `None` for `javascript:alert(1)`, `//host/`, `https://user@host/`,
    /// `https://пример.рф/`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let visible = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\`{}|^".contains(&byte);
        if !text.bytes().all(visible) {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme()?;
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return None;
        }
        let authority = uri.authority()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if authority.host().is_empty() || !authority.as_str().bytes().all(plain) {
            return None;
        }
        let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
        let host = authority.host().to_ascii_lowercase();
        Some(Self {
            text: text.to_owned(),
            uri,
            origin,
            host,
        })
    }

    /// The address as it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme and authority in lower case, for example `http://127.0.0.1:8080`; safe inside a
    /// policy header.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The host in lower case, an IPv6 address in its brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, or the scheme's own.
    pub(crate) fn port(&self) -> u16 {
        let own = if self.is_https() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(own)
    }

    /// `host:port` as it was given.
    pub(crate) fn authority(&self) -> &str {
        self.uri
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Path and query, at least `/`.
    pub(crate) fn target(&self) -> &str {
        self.uri
            .path_and_query()
            .map_or("/", |target| target.as_str())
    }

    /// The address with parameters behind those it has; a fragment is dropped.
    pub(crate) fn with_parameters(&self, parameters: &[(&str, &str)]) -> String {
        let bare = self.text.split('#').next().unwrap_or_default();
        let added = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let joint = match bare.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{bare}{joint}{added}")
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebAddress").field(&self.origin).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::WebAddress;

    #[test]
    fn only_plain_web_addresses_are_taken() {
        for text in [
            "https://integration.example/kommo/redirect",
            "http://127.0.0.1:8080/back?tenant=1",
            "http://[::1]:8080",
            "http://app.localhost:3000/#part",
        ] {
            assert!(WebAddress::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "/back",
            "//integration.example/back",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https://user@integration.example/",
            "https://integration.example;script-src/",
            "https://integration.example/\"onload=",
            "https://integration.example/\r\nX: 1",
            "https://пример.рф/",
        ] {
            assert!(WebAddress::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn parameters_go_behind_those_that_are_there() {
        let with = |text: &str| {
            WebAddress::parse(text)
                .unwrap()
                .with_parameters(&[("state", "a b&c"), ("code", "1")])
        };
        assert_eq!(
            with("https://a.example/x"),
            "https://a.example/x?state=a+b%26c&code=1"
        );
        assert_eq!(
            with("https://a.example/x?t=1#f"),
            "https://a.example/x?t=1&state=a+b%26c&code=1"
        );
        assert_eq!(
            with("https://a.example/x?"),
            "https://a.example/x?state=a+b%26c&code=1"
        );
    }
}
