//! A whole call: attempts, pauses, and the decision after each answer.
//!
//! ```text
//!             ┌───────────── pause, new stamp, new signature ◄───────┐
//!             ▼                                                      │ attempts left
//! stamp ─> attempt ─┬─ envelope, code 1 ───────────> OpenApiAnswer   │
//!                   ├─ envelope, another code ─────> error           │
//!                   ├─ no connection · 429 ──────────────────────────┤
//!                   ├─ no answer · 500 502 503 504, safe to repeat ──┘
//!                   └─ 3xx · anything else ────────> error
//! ```

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use core::time::Duration;

use kommo_open_api::request::Answer;
use kommo_open_api::{AnswerError, OpenApiFailure, read_answer};

use crate::error::TransportError;
use crate::open_api::answer::{OpenApiAnswer, OpenApiAttempts};
use crate::open_api::attempt::{Outcome, Sender};
use crate::open_api::error::OpenApiError;
use crate::open_api::refusal::OpenApiRefusal;
use crate::open_api::unreadable::{UnreadableAnswer, UnreadableAnswerReason};
use crate::signed::pacing::{Blocked, Pacing, is_unknown};
use crate::signed::peer_pauses::Departure;
use crate::transport::raw_response::RawResponse;
use crate::transport::retry_policy::Repeat;

/// Every path begins with it: a pause applies to the whole application.
pub(crate) const ROOT: &str = "/openapi";

/// One call in attempts.
pub(crate) struct Call<'a> {
    pub(crate) sender: Sender<'a>,
    pub(crate) pacing: Pacing<'a>,
    pub(crate) repeat: Repeat,
}

/// What follows an attempt.
enum Next<T> {
    Done(OpenApiAnswer<T>),
    /// The same again, after a pause.
    Repeat(Duration),
    Fail(OpenApiError),
}

impl Call<'_> {
    /// Sends until there is a result or an error.
    pub(crate) async fn run<T: Answer>(self) -> Result<OpenApiAnswer<T>, OpenApiError> {
        let mut attempts = OpenApiAttempts::NONE;
        loop {
            let departure = self
                .pacing
                .depart()
                .await
                .map_err(|blocked| match blocked {
                    Blocked::Paused(left) => OpenApiError::Paused { left, attempts },
                    Blocked::Held(hold) => OpenApiError::Held { hold, attempts },
                })?;
            attempts.count += 1;
            let clock = self.pacing.clock;
            let outcome = self.sender.attempt(attempts.count, clock).await;
            let is_unknown = is_unknown(&outcome.result);
            let next = self.next(outcome, departure, attempts);
            attempts.has_unknown_outcome |= is_unknown;
            match next {
                Next::Done(answer) => return Ok(answer),
                Next::Fail(error) => return Err(error),
                Next::Repeat(pause) => clock.pause(pause).await,
            }
        }
    }

    fn next<T: Answer>(
        &self,
        outcome: Outcome,
        departure: Departure<'_>,
        attempts: OpenApiAttempts,
    ) -> Next<T> {
        let response = match outcome.result {
            Ok(response) => response,
            Err(error) => return self.after_failure(error, attempts),
        };
        let status = response.status();
        if status == 429 {
            return self.after_too_many(&response, departure, attempts);
        }
        self.pacing.answered(departure);
        if matches!(status, 300..=399) {
            return Next::Fail(OpenApiError::Redirected { status, attempts });
        }
        // Rule O9: the code decides, whatever the status.
        match read_answer(response.body()) {
            Ok(value) => Next::Done(OpenApiAnswer {
                value,
                status,
                attempts: attempts.count,
            }),
            Err(AnswerError::Refused(failure)) => {
                let refusal = refusal(failure, &response, outcome.stamped_at, attempts);
                Next::Fail(OpenApiError::Refused(Box::new(refusal)))
            }
            Err(AnswerError::Data) => unreadable(UnreadableAnswerReason::Data, response, attempts),
            Err(_) => {
                let may_pass = matches!(status, 500 | 502 | 503 | 504);
                let is_safe = self.repeat == Repeat::WhenSafe;
                match self.pause(attempts, None).filter(|_| may_pass && is_safe) {
                    Some(pause) => Next::Repeat(pause),
                    None => unreadable(UnreadableAnswerReason::NotAnEnvelope, response, attempts),
                }
            }
        }
    }

    /// Nothing was carried out, so this is repeated whatever it is.
    fn after_too_many<T>(
        &self,
        response: &RawResponse,
        departure: Departure<'_>,
        attempts: OpenApiAttempts,
    ) -> Next<T> {
        let pause = self.pacing.refused(departure, response.retry_after());
        match self.pause(attempts, Some(pause)) {
            Some(pause) => Next::Repeat(pause),
            None => Next::Fail(OpenApiError::TooManyRequests { pause, attempts }),
        }
    }

    /// What certainly did not leave is repeated whatever it is (rule O10).
    fn after_failure<T>(&self, error: TransportError, attempts: OpenApiAttempts) -> Next<T> {
        let error = match error {
            TransportError::Invalid(invalid) => {
                return Next::Fail(OpenApiError::InvalidRequest(invalid));
            }
            error => error,
        };
        let is_safe = self.repeat == Repeat::WhenSafe || !error.is_in_doubt();
        let may_pass = error.is_transient() && is_safe;
        match self.pause(attempts, None).filter(|_| may_pass) {
            Some(pause) => Next::Repeat(pause),
            None => Next::Fail(OpenApiError::Transport { error, attempts }),
        }
    }

    fn pause(&self, attempts: OpenApiAttempts, asked: Option<Duration>) -> Option<Duration> {
        self.pacing.before_repetition(attempts.count, asked)
    }
}

fn refusal(
    failure: OpenApiFailure,
    response: &RawResponse,
    stamped_at: u64,
    attempts: OpenApiAttempts,
) -> OpenApiRefusal {
    let difference = |date: u64| i64::try_from(i128::from(date) - i128::from(stamped_at)).ok();
    OpenApiRefusal {
        failure,
        status: response.status(),
        clock_difference_seconds: response.server_date().and_then(difference),
        attempts,
    }
}

fn unreadable<T>(
    reason: UnreadableAnswerReason,
    response: RawResponse,
    attempts: OpenApiAttempts,
) -> Next<T> {
    Next::Fail(OpenApiError::Unreadable(Box::new(UnreadableAnswer {
        reason,
        status: response.status(),
        content_type: response.content_type().map(ToOwned::to_owned),
        attempts,
        body: response.into_body(),
    })))
}
