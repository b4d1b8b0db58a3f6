//! The answers to a browser at the end of a consent.

use axum::body::Body;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{Response, StatusCode};
use kommo_oauth::ConsentMode;

use crate::connect::Connect;
use crate::grant_desk::GrantDesk;
use crate::guarded_answer::empty;
use crate::page::{Ending, Page};
use crate::refusal::Refusal;
use crate::sealed_attempt::LiveAttempt;

impl<K: GrantDesk> Connect<K> {
    /// The page of a refusal. An opener is told only by a window that an attempt of ours opened for it.
    pub(crate) fn refused(
        &self,
        refusal: Refusal,
        attempt: Option<&LiveAttempt>,
    ) -> Response<Body> {
        let start = self.address_of(&self.inner.settings.paths.start);
        let mut links = Vec::new();
        if let Some(start) = &start {
            links.push((start.as_str(), "Try again"));
        }
        links.extend(self.way_on("Back"));
        let page = Page {
            ending: Ending::Refused,
            code: refusal.code(),
            sentence: refusal.sentence(),
            links,
            onward: None,
            opener: self.opener_of(attempt),
        };
        page.into_response(refusal.status(), &self.inner.policies)
    }

    /// The code is kept, and its exchange takes longer than a browser waits.
    pub(crate) fn waiting(&self, attempt: &LiveAttempt) -> Response<Body> {
        let page = Page {
            ending: Ending::Waiting,
            code: "waiting",
            sentence: "The platform is slow to answer. The connection will be made as soon as it does; you need not do anything.",
            links: self.way_on("Go on").into_iter().collect(),
            onward: None,
            opener: self.opener_of(Some(attempt)),
        };
        page.into_response(StatusCode::ACCEPTED, &self.inner.policies)
    }

    /// The main window goes on; an opened one tells its opener.
    pub(crate) fn connected(&self, attempt: &LiveAttempt) -> Response<Body> {
        if attempt.mode == ConsentMode::Popup
            && let Some(path) = &self.inner.settings.success_path
            && let Ok(location) = HeaderValue::from_str(path.as_str())
        {
            let mut response = empty(StatusCode::SEE_OTHER);
            response.headers_mut().insert(LOCATION, location);
            return response;
        }
        let page = Page {
            ending: Ending::Connected,
            code: "connected",
            sentence: "The account is connected. You can close this window.",
            links: self.way_on("Go on").into_iter().collect(),
            onward: self.way_on("").map(|(path, _)| path),
            opener: self.opener_of(Some(attempt)),
        };
        page.into_response(StatusCode::OK, &self.inner.policies)
    }

    fn way_on(&self, text: &'static str) -> Option<(&str, &'static str)> {
        let path = self.inner.settings.success_path.as_ref()?;
        Some((path.as_str(), text))
    }

    fn opener_of(&self, attempt: Option<&LiveAttempt>) -> Option<&str> {
        let told = attempt.is_some_and(|attempt| attempt.mode == ConsentMode::PostMessage);
        told.then_some(self.inner.settings.page_origin.as_str())
    }

    /// Where a browser finds one of the routes, if the Redirect URI leads to the callback as it should.
    fn address_of(&self, path: &str) -> Option<String> {
        let credentials = self.inner.desk.credentials();
        let redirect_uri = &credentials.redirect_uri;
        let rest = redirect_uri.as_str().strip_prefix(redirect_uri.origin())?;
        let whole = rest.split_once('?').map_or(rest, |(path, _)| path);
        let prefix = whole.strip_suffix(&self.inner.settings.paths.callback)?;
        Some(format!("{prefix}{path}"))
    }
}

/// Adds cookies to an answer.
pub(crate) fn with_cookies(
    mut response: Response<Body>,
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> Response<Body> {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
