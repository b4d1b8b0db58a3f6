//! What is said of one request to the consent page: to the browser, and in the journal.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};

use crate::consent::page::message_page;
use crate::error::StartError;
use crate::reply::response::with_text;
use crate::state::journal::{Detail, Direction, JournalEntry, Verdict};
use crate::state::platform::Platform;

/// An answer, and why it is this one.
pub(crate) struct Told {
    pub(crate) response: Result<Response<Body>, StartError>,
    pub(crate) verdict: Verdict,
    pub(crate) rule: Option<&'static str>,
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

impl Told {
    pub(crate) fn accepted(
        response: Result<Response<Body>, StartError>,
        code: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            response,
            verdict: Verdict::Accepted,
            rule: None,
            code,
            reason: reason.into(),
        }
    }

    pub(crate) fn refused(
        response: Result<Response<Body>, StartError>,
        code: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Refused,
            ..Self::accepted(response, code, reason)
        }
    }

    pub(crate) fn message(
        status: StatusCode,
        code: &'static str,
        title: &str,
        reason: &str,
    ) -> Self {
        Self::refused(message_page(status, title, reason), code, reason)
    }

    /// Names the rule that was broken.
    pub(crate) fn by_rule(self, rule: &'static str) -> Self {
        Self {
            rule: Some(rule),
            ..self
        }
    }

    /// Writes it down, and gives the answer.
    pub(crate) fn write_down(self, platform: &Platform, parts: &Parts) -> Response<Body> {
        let response = self.response.unwrap_or_else(|_| {
            let text = "no random bytes";
            with_text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", text.into())
        });
        let target = parts
            .uri
            .path_and_query()
            .map_or("", |target| target.as_str());
        let shown: String = platform.masked(target).chars().take(2048).collect();
        let mut changing = platform.lock();
        changing.counters.requests += 1;
        match self.verdict {
            Verdict::Refused => changing.counters.refused += 1,
            _ => changing.counters.accepted += 1,
        }
        let entry = JournalEntry {
            id: 0,
            at: changing.clock.now(),
            direction: Direction::In,
            method: parts.method.to_string(),
            target: shown,
            status: Some(response.status().as_u16()),
            verdict: self.verdict,
            rule: self.rule.map(str::to_owned),
            detail: Some(Detail {
                code: format!("consent-{}", self.code),
                reason: self.reason,
                faults: Vec::new(),
                headers: Vec::new(),
                body_bytes: 0,
                explanations: Vec::new(),
            }),
        };
        changing.journal.push(entry);
        response
    }
}
