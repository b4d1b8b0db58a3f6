//! Tells the budget what a token request or a probe has met.

use core::time::Duration;

use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{TokenAnswer, TokenRefusalKind, read_token_answer};

use crate::budget::breaker::Permit;
use crate::budget::request_budget::RequestBudget;
use crate::error::TransportError;
use crate::transport::raw_response::RawResponse;

/// A request that is counted, from before it is sent: so that several which leave together count as
/// one.
pub(crate) struct CountedRequest<'a> {
    pub(crate) budget: &'a RequestBudget,
    pub(crate) permit: Permit,
}

impl CountedRequest<'_> {
    /// A 429 and a block as they are; JSON as a sign that the platform serves this account. A page
    /// of something on the way says nothing.
    pub(crate) fn report(&self, result: &Result<RawResponse, TransportError>) {
        self.report_answer(result);
        self.budget.settle(&self.permit);
    }

    fn report_answer(&self, result: &Result<RawResponse, TransportError>) {
        let (status, is_json) = match result {
            Ok(response) => (response.status(), response.is_json()),
            // Too long for a refusal in JSON.
            Err(TransportError::BodyTooLarge { status, .. }) => (*status, false),
            // It may be JSON, so it is evidence of nothing but its status.
            Err(TransportError::Coded { status: 429, .. }) => (429, false),
            Err(_) => return,
        };
        match status {
            429 => {
                let asked = result.as_ref().ok().and_then(pause_asked);
                self.budget.throttled(&self.permit, asked);
            }
            403 if !is_json => self.budget.blocked(&self.permit),
            300..=399 => {}
            _ if is_json => self
                .budget
                .answered(&self.permit, matches!(status, 200..=299)),
            _ => {}
        }
    }
}

/// The pause of a 429, in its body or its header. The API and the token endpoint write it in the
/// same ways.
fn pause_asked(response: &RawResponse) -> Option<Duration> {
    let in_header = response.retry_after().map(|pause| pause.as_secs());
    // The time is that of a pair, which a refusal has not.
    let answer = read_token_answer(
        response.status(),
        response.content_type(),
        in_header,
        response.body(),
        UnixSeconds::new(0),
    );
    match answer {
        TokenAnswer::Refused(refusal) => match refusal.kind {
            TokenRefusalKind::Throttled {
                retry_after_seconds,
            } => retry_after_seconds.map(Duration::from_secs),
            _ => None,
        },
        _ => None,
    }
}
