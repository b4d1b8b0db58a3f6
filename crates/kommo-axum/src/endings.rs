//! The answers to a browser at the end of a consent.

use axum::body::Body;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{Response, StatusCode};
use kommo_oauth::ConsentMode;

use crate::connect::Connect;
use crate::consent_end::{ConsentEnd, Ending};
use crate::grant_desk::GrantDesk;
use crate::guarded_answer::empty;
use crate::onward::Onward;
use crate::page::Page;
use crate::refusal::Refusal;
use crate::sealed_attempt::LiveAttempt;
use crate::sealed_result::ResultName;

impl<K: GrantDesk> Connect<K> {
    /// The page itself, for an address with nothing to hide in it.
    pub(crate) fn page(&self, end: &ConsentEnd) -> Response<Body> {
        let settings = &self.inner.settings;
        let way_on = settings.success_path.as_ref().map(|path| path.as_str());
        let links = match end.ending {
            Ending::Connected | Ending::Waiting => [None, way_on.map(|path| (path, "Go on"))],
            Ending::Refused | Ending::Unknown => [
                Some((settings.start_address.as_str(), "Try again")),
                way_on.map(|path| (path, "Back")),
            ],
        };
        let is_connected = end.ending == Ending::Connected;
        let page = Page {
            end,
            links: links.into_iter().flatten().collect(),
            onward: way_on.filter(|_| is_connected && end.tells_opener),
            opener: end.tells_opener.then_some(settings.page_origin.as_str()),
        };
        page.into_response(&self.inner.policies)
    }

    /// The way to that page, from an address with a code in it. The browser gets the result as a cookie.
    pub(crate) fn lead_to_page(
        &self,
        end: &ConsentEnd,
        attempt: Option<&LiveAttempt>,
    ) -> Response<Body> {
        let inner = &self.inner;
        let name = ResultName::of(attempt);
        let address = format!("{}{}", inner.settings.result_address.as_str(), name.query());
        let now = inner.desk.now();
        let cookie = inner
            .cookies
            .set_result(&inner.result_sealer, &name, end, now);
        with_cookies(see_other(&address), cookie)
    }

    /// The page of a refusal. An opener is told only by a window that an attempt of ours opened for it.
    pub(crate) fn refused(
        &self,
        refusal: &Refusal,
        attempt: Option<&LiveAttempt>,
    ) -> Response<Body> {
        let tells_opener = attempt.is_some_and(tells_opener);
        self.lead_to_page(&ConsentEnd::refused(refusal, tells_opener), attempt)
    }

    pub(crate) fn waiting(&self, attempt: &LiveAttempt) -> Response<Body> {
        self.lead_to_page(&ConsentEnd::waiting(tells_opener(attempt)), Some(attempt))
    }

    /// The main window goes on; an opened one tells its opener.
    pub(crate) fn connected(&self, attempt: &LiveAttempt) -> Response<Body> {
        match &self.inner.settings.success_path {
            Some(path) if !tells_opener(attempt) => see_other(path.as_str()),
            _ => self.lead_to_page(&ConsentEnd::connected(tells_opener(attempt)), Some(attempt)),
        }
    }
}

fn tells_opener(attempt: &LiveAttempt) -> bool {
    attempt.mode == ConsentMode::PostMessage
}

/// Where the application sends the browser.
pub(crate) fn go_onward(onward: Onward) -> Response<Body> {
    with_cookies(see_other(onward.path.as_str()), onward.cookies)
}

fn see_other(address: &str) -> Response<Body> {
    let mut response = empty(StatusCode::SEE_OTHER);
    // INVARIANT: a `LocalPath` is visible ASCII, and so is what we add to one.
    let location = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    response
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
