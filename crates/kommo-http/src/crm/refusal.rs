//! A refusal of the CRM API: what it means, and whose turn it is.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use reqwest::header::HeaderMap;
use zeroize::Zeroizing;

use crate::crm::problem::{CrmProblem, ValidationError};
use crate::secrets::redaction;
use crate::transport::raw_response::RawResponse;

/// What a refusal means.
///
/// Source: vendor page "HTTP codes" unless another is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrmRefusalKind {
    /// 400: the caller's turn, the request is wrong.
    BadRequest,
    /// 400 with [`CrmRefusal::findings`]: the caller's turn, fields are wrong.
    Validation,
    /// 401: the token, or a user named in `X-Context-User-ID`, is not taken.
    Unauthorized,
    /// 402: the account's owner must pay. Stop its jobs and keep its tokens.
    PaymentRequired,
    /// 403 in JSON, whole or cut: this call is not allowed, by rights or by the account's list of
    /// addresses. Tokens are as good as before.
    Forbidden,
    /// 403 that is not JSON: the platform has blocked this address or account. The breaker is open
    /// now; its support unblocks (rule L6).
    Blocked,
    /// 404: no such path or entity.
    NotFound,
    /// 405: not with this method.
    MethodNotAllowed,
    /// 422: well-formed and refused, such as more than 250 items at once.
    Unprocessable,
    /// 429: wait for [`CrmRefusal::retry_after`].
    TooManyRequests,
    /// 504: not done in time, most likely since there was too much in it. Send smaller batches, 50
    /// items at most. What was sent may have been carried out (rule L7).
    BatchTooLarge,
    /// 500 to 599 other than 504: the platform's fault. Tell its support the
    /// [`CrmRefusal::trace_id`].
    ServerError,
    /// A 400, 401, 402, 404, 405 or 422 with a page or a text in it, which the API does not send:
    /// most likely something between us and the platform, such as a proxy. It says nothing about
    /// the request.
    Page,
    /// Any other status.
    Other,
}

impl CrmRefusalKind {
    pub(crate) fn of(status: u16, problem: &CrmProblem) -> Self {
        let is_page = !problem.is_json && !problem.is_empty;
        match status {
            400 | 401 | 402 | 404 | 405 | 422 if is_page => Self::Page,
            400 if problem.findings.is_empty() => Self::BadRequest,
            400 => Self::Validation,
            401 => Self::Unauthorized,
            402 => Self::PaymentRequired,
            403 if problem.is_json => Self::Forbidden,
            403 => Self::Blocked,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            422 => Self::Unprocessable,
            429 => Self::TooManyRequests,
            504 => Self::BatchTooLarge,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad request",
            Self::Validation => "validation failed",
            Self::Unauthorized => "not authorized",
            Self::PaymentRequired => "the account is not paid for",
            Self::Forbidden => "not allowed for this call",
            Self::Blocked => "the address or the account is blocked",
            Self::NotFound => "not found",
            Self::MethodNotAllowed => "not with this method",
            Self::Unprocessable => "refused as it is",
            Self::TooManyRequests => "too many requests",
            Self::BatchTooLarge => "not done in time, send smaller batches",
            Self::ServerError => "fault of the platform",
            Self::Page => "a page that is not of the api",
            Self::Other => "refused",
        }
    }
}

/// A refusal: the platform, or something on the way, was reached and said no.
///
/// `Display` and `Debug` may be logged: they have the status, what it means, the ids for the
/// support, and the places that a validation names. The sentences of the body are cut and cleaned,
/// and given by [`title`](Self::title) and [`detail`](Self::detail) alone, since they may repeat
/// what was sent. The body as it came is in [`response`](Self::response), to be shown to the
/// caller; it is not cleaned.
#[derive(Clone, PartialEq, Eq)]
pub struct CrmRefusal {
    kind: CrmRefusalKind,
    status: u16,
    problem: CrmProblem,
    response: RawResponse,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    has_new_token: bool,
    attempts: u32,
}

impl CrmRefusal {
    /// `secret` is the token that the request carried.
    pub(crate) fn read(response: &RawResponse, secret: &str, attempts: u32) -> Self {
        let problem = CrmProblem::read(response.content_type(), response.body(), secret);
        let status = response.status();
        let in_body = problem.retry_after;
        let request_id = redaction::request_id(response, secret.as_bytes());
        Self {
            kind: CrmRefusalKind::of(status, &problem),
            status,
            request_id: request_id.map(String::from),
            retry_after: in_body.or_else(|| response.retry_after()),
            problem,
            response: shown(response, secret.as_bytes()),
            has_new_token: false,
            attempts,
        }
    }

    pub(crate) const fn with_retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }

    /// Whether it can be the platform's own; a page never is.
    pub(crate) const fn is_json_or_empty(&self) -> bool {
        self.problem.is_json || self.problem.is_empty
    }

    pub(crate) const fn with_new_token(mut self) -> Self {
        self.has_new_token = true;
        self
    }

    /// Whether there may be no such account at this host any more, as when it was renamed: a 404
    /// that names the account, or a 404 that is a page, which the API does not send. An entity or a
    /// path that does not exist is another 404.
    ///
    /// Source: the vendor's library looks an account up after a 404; what such an answer says was
    /// never captured.
    #[must_use]
    pub fn is_account_not_found(&self) -> bool {
        let texts = [self.title(), self.detail()];
        match self.kind {
            CrmRefusalKind::NotFound => texts.into_iter().flatten().any(names_missing_account),
            CrmRefusalKind::Page => self.status == 404,
            _ => false,
        }
    }

    /// What it means.
    #[must_use]
    pub const fn kind(&self) -> CrmRefusalKind {
        self.kind
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// What a validation found, at most 250 findings.
    #[must_use]
    pub fn findings(&self) -> &[ValidationError] {
        &self.problem.findings
    }

    /// The title in the body, at most 200 characters, in the language of the account.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.problem.title.as_deref()
    }

    /// The sentence in the body, at most 200 characters. It may repeat what was sent.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.problem.detail.as_deref()
    }

    /// The id of a fault, for the platform's support.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.problem.trace_id.as_deref()
    }

    /// The header `X-Request-Id`, for the platform's support: at most 40 hexadecimal digits and
    /// hyphens. One that contains a piece of the token is left out.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The code of the older API, such as 113: the address is not on the account's list.
    #[must_use]
    pub const fn legacy_code(&self) -> Option<u64> {
        self.problem.legacy_code
    }

    /// How long to wait. Of a 429 always there: the platform's word, in the body or the header, or
    /// the default of the budget, at most its longest pause.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Of a 401: whether there is a new token now, so that sending the call again will fare better.
    /// The client does so itself where that is safe.
    #[must_use]
    pub const fn has_new_token(&self) -> bool {
        self.has_new_token
    }

    /// The answer as it came. A header that contains a piece of the token is left out; so is such
    /// a body, which is empty then.
    #[must_use]
    pub const fn response(&self) -> &RawResponse {
        &self.response
    }

    /// How many requests the call sent.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// An answer for a person to read: without the headers that repeat the secret, and without a body
/// that does.
fn shown(response: &RawResponse, secret: &[u8]) -> RawResponse {
    let mut headers = HeaderMap::new();
    for (name, value) in &response.headers {
        if !redaction::repeats(value.as_bytes(), secret) {
            headers.append(name.clone(), value.clone());
        }
    }
    let body = if redaction::repeats(response.body(), secret) {
        Vec::new()
    } else {
        response.body().to_vec()
    };
    RawResponse::new(response.status(), headers, Zeroizing::new(body))
}

fn names_missing_account(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    text == "account not found" || text == "аккаунт не найден"
}

impl fmt::Display for CrmRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http {}: {}", self.status, self.kind.as_str())?;
        if let Some(first) = self.problem.findings.first() {
            let path = first.path.as_deref().unwrap_or("a field without a name");
            write!(f, " at `{path}`")?;
        }
        if let Some(code) = self.problem.legacy_code {
            write!(f, " (code {code})")?;
        }
        if let Some(pause) = self.retry_after {
            write!(f, " (again after {} s)", pause.as_secs())?;
        }
        if let Some(id) = &self.problem.trace_id {
            write!(f, " (trace id {id})")?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for CrmRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmRefusal")
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("findings", &self.problem.findings)
            .field("trace_id", &self.problem.trace_id)
            .field("request_id", &self.request_id)
            .field("legacy_code", &self.problem.legacy_code)
            .field("retry_after", &self.retry_after)
            .field("has_new_token", &self.has_new_token)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
