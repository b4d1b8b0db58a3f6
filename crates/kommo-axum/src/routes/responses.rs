//! The answers to a browser at the end of a consent.

use axum::body::Body;
use axum::http::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{Response, StatusCode};

use crate::consent::redirect_digest::RedirectDigest;
use crate::consent::sealed_attempt::StateDigest;
use crate::pages::consent_outcome::{ConsentOutcome, Ending};
use crate::pages::page::Page;
use crate::pages::page_language::Language;
use crate::pages::page_texts::{LinkText, Sentence};
use crate::result::sealed_result::{Answered, ConsentResult, ResultName};
use crate::result::used_attempts::AttemptEnd;
use crate::routes::guarded_answer::empty;
use crate::setup::connect::Connect;
use kommo_keeper::CodeStore;

impl<S: CodeStore> Connect<S> {
    /// The page itself, for an address without a secret.
    pub(crate) fn page(&self, outcome: &ConsentOutcome, headers: &HeaderMap) -> Response<Body> {
        let settings = &self.inner.settings;
        let way_on = settings.success_path.as_ref().map(|path| path.as_str());
        let start = settings.start_address.as_str();
        let links = match (outcome.ending, outcome.sentence) {
            (Ending::Connected, Sentence::ConnectedBefore) => [
                Some((start, LinkText::ConnectAnother)),
                way_on.map(|path| (path, LinkText::Continue)),
            ],
            (Ending::Connected | Ending::Waiting, _) => {
                [None, way_on.map(|path| (path, LinkText::Continue))]
            }
            (Ending::Refused | Ending::Unknown | Ending::Repeated, _) => [
                Some((start, LinkText::TryAgain)),
                way_on.map(|path| (path, LinkText::Back)),
            ],
        };
        let goes_on = outcome.sentence == Sentence::Connected && outcome.tells_opener;
        let page = Page {
            outcome,
            language: Language::asked_for(headers),
            platform: settings.platform,
            links: links.into_iter().flatten().collect(),
            onward: way_on.filter(|_| goes_on),
            opener: outcome
                .tells_opener
                .then_some(settings.page_origin.as_str()),
        };
        page.into_response(&self.inner.policies)
    }

    /// The way to that page, from an address with a code in it. The browser gets the result as a
    /// cookie.
    pub(crate) fn lead_to_page(
        &self,
        name: &ResultName,
        outcome: ConsentOutcome,
    ) -> Response<Body> {
        let result = ConsentResult {
            outcome,
            answered: None,
        };
        with_cookies(self.to_page(name), self.result_cookie(name, &result))
    }

    /// The answer to the redirect that ended an attempt, and to the same one when it comes again.
    /// The browser gets the result as a cookie, whose name is that of the attempt, and loses the
    /// cookie of the attempt.
    pub(crate) fn answer_redirect(
        &self,
        state: StateDigest,
        redirect: RedirectDigest,
        attempt_end: &AttemptEnd,
    ) -> Response<Body> {
        let name = ResultName::of(state);
        let AttemptEnd { outcome, sent_to } = attempt_end;
        let answered = Answered {
            state,
            redirect,
            sent_to: sent_to.as_ref().map(|onward| onward.path.clone()),
        };
        let result = ConsentResult {
            outcome: outcome.clone(),
            answered: Some(answered),
        };
        let cookie = self.result_cookie(&name, &result);
        let response = match sent_to {
            Some(onward) => {
                let cookies = onward.cookies.iter().cloned();
                with_cookies(see_other(onward.path.as_str()), cookies)
            }
            None => self.to_page(&name),
        };
        with_cookies(response, cookie)
    }

    /// The same answer from the cookie alone.
    pub(crate) fn answer_again(&self, answered: &Answered) -> Response<Body> {
        match &answered.sent_to {
            Some(path) => see_other(path.as_str()),
            None => self.to_page(&ResultName::of(answered.state)),
        }
    }

    fn to_page(&self, name: &ResultName) -> Response<Body> {
        let address = self.inner.settings.result_address.as_str();
        see_other(&format!("{address}{}", name.query()))
    }

    fn result_cookie(&self, name: &ResultName, result: &ConsentResult) -> Option<HeaderValue> {
        let inner = &self.inner;
        let now = inner.now();
        inner
            .cookies
            .set_result(&inner.result_sealer, name, result, now)
    }
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
