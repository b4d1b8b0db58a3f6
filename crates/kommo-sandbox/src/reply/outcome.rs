//! What one request came to: the answer, and what the journal says about it.

use axum::body::Body;
use axum::http::Response;

use crate::state::journal::Verdict;

/// What the journal says.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) verdict: Verdict,
    pub(crate) rule: Option<&'static str>,
    /// A stable code for programs.
    pub(crate) code: &'static str,
    /// One sentence for people.
    pub(crate) reason: String,
}

/// An answer and what is told of it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) told: Told,
    /// Boxed, because a refusal is passed on as an error.
    pub(crate) response: Box<Response<Body>>,
}

impl Answered {
    pub(crate) fn accepted(
        code: &'static str,
        reason: impl Into<String>,
        response: Response<Body>,
    ) -> Self {
        Self::new(Verdict::Accepted, code, reason, response)
    }

    pub(crate) fn refused(
        code: &'static str,
        reason: impl Into<String>,
        response: Response<Body>,
    ) -> Self {
        Self::new(Verdict::Refused, code, reason, response)
    }

    /// Names the rule that was broken.
    pub(crate) fn by_rule(mut self, rule: Option<&'static str>) -> Self {
        self.told.rule = rule;
        self
    }

    fn new(
        verdict: Verdict,
        code: &'static str,
        reason: impl Into<String>,
        response: Response<Body>,
    ) -> Self {
        let told = Told {
            verdict,
            rule: None,
            code,
            reason: reason.into(),
        };
        Self {
            told,
            response: Box::new(response),
        }
    }
}
