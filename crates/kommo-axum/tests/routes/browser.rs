//! A browser, as far as cookies and redirects go.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn location(&self) -> &str {
        self.headers[LOCATION].to_str().unwrap()
    }

    /// The stable code on the page.
    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        let (_, rest) = self
            .text
            .split_once("data-kommo-code=\"")
            .expect("a page with a code");
        rest.split_once('"').unwrap().0
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookies: BTreeMap::new(),
        }
    }

    /// How many attempts it has under way.
    pub(crate) fn attempts(&self) -> usize {
        let names = self.cookies.keys();
        names.filter(|name| name.contains("kommo-state-")).count()
    }

    /// The header with its cookies.
    pub(crate) fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter();
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// A request with the browser's cookies.
    pub(crate) async fn get(&mut self, target: &str) -> Seen {
        self.get_with(target, &[]).await
    }

    /// The same with more headers.
    pub(crate) async fn get_with(&mut self, target: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = Request::get(target);
        if !self.cookies.is_empty() {
            request = request.header(COOKIE, self.cookie_header());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let seen = send(&self.router, request.body(Body::empty()).unwrap()).await;
        for line in seen.headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (pair, marks) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if marks.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        seen
    }

    /// Comes back from the consent page and goes on to the page that says how it ended. The
    /// callback itself shows nothing.
    pub(crate) async fn come_back(&mut self, target: &str) -> Seen {
        let sent_on = self.get(target).await;
        assert_eq!(
            (sent_on.status, sent_on.text.as_str()),
            (StatusCode::SEE_OTHER, ""),
            "{target}"
        );
        assert!(is_clean(sent_on.location()), "{}", sent_on.location());
        self.get(sent_on.location()).await
    }

    /// Begins a consent; gives its state.
    pub(crate) async fn begin(&mut self, mode: &str) -> String {
        let seen = self.get(&format!("/kommo/start?mode={mode}")).await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.text);
        state_of(seen.location())
    }
}

/// Whether this is the address of a result: our path, and at most the name of an attempt.
pub(crate) fn is_clean(address: &str) -> bool {
    let Some(query) = address.strip_prefix("/kommo/result") else {
        return false;
    };
    let is_name = |name: &str| name.len() == 12 && name.bytes().all(|b| b.is_ascii_hexdigit());
    query.is_empty() || query.strip_prefix("?id=").is_some_and(is_name)
}

/// The state in a consent URL.
pub(crate) fn state_of(url: &str) -> String {
    let (_, rest) = url.split_once("state=").unwrap();
    rest.split('&').next().unwrap().into()
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Seen {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    Seen {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// A request without a browser.
pub(crate) async fn fetch(router: &Router, target: &str) -> Seen {
    send(router, Request::get(target).body(Body::empty()).unwrap()).await
}
