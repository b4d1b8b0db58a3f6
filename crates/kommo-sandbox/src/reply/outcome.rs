//! What one request came to: the answer, and what the journal says about it.

use alloc::borrow::Cow;

use axum::body::Body;
use axum::http::Response;

use crate::state::explainer::Explanation;
use crate::state::journal::Verdict;

/// An answer, and why it is this one.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// The rule of `docs/protocol.md` that was met or broken.
    pub(crate) rule: Option<&'static str>,
    /// A stable code for programs.
    pub(crate) code: Cow<'static, str>,
    /// One sentence for people.
    pub(crate) reason: String,
    pub(crate) explanations: Vec<Explanation>,
    /// Boxed, because a refusal is passed on as an error.
    pub(crate) response: Box<Response<Body>>,
}

impl Outcome {
    pub(crate) fn accepted(
        code: &'static str,
        reason: impl Into<String>,
        response: Response<Body>,
    ) -> Self {
        Self {
            verdict: Verdict::Accepted,
            rule: None,
            code: code.into(),
            reason: reason.into(),
            explanations: Vec::new(),
            response: Box::new(response),
        }
    }

    pub(crate) fn refused(
        code: &'static str,
        reason: impl Into<String>,
        response: Response<Body>,
    ) -> Self {
        Self {
            verdict: Verdict::Refused,
            ..Self::accepted(code, reason, response)
        }
    }

    /// Names the rule that was met or broken.
    pub(crate) fn by_rule(self, rule: impl Into<Option<&'static str>>) -> Self {
        Self {
            rule: rule.into(),
            ..self
        }
    }
}
