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
use crate::signed::clock::SigningClock;
use crate::signed::pace::Pace;
use crate::signed::peer_pauses::{Departure, PeerPauses};
use crate::transport::raw_response::RawResponse;
use crate::transport::retry_policy::{Repeat, RetryPolicy};

/// Every path begins with it: a pause applies to the whole application.
const ROOT: &str = "/openapi";

/// One call in attempts.
pub(crate) struct Call<'a> {
    pub(crate) sender: Sender<'a>,
    pub(crate) clock: &'a dyn SigningClock,
    pub(crate) policy: RetryPolicy,
    pub(crate) pauses: &'a PeerPauses,
    pub(crate) pace: &'a Pace,
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
            self.pace.wait(self.clock).await;
            self.wait_out_pause(attempts).await?;
            let departure = self.pauses.departure(ROOT);
            attempts.count += 1;
            let outcome = self.sender.attempt(attempts.count, self.clock).await;
            let is_unknown = match &outcome.result {
                Ok(response) => response.status() >= 500,
                Err(error) => error.is_in_doubt(),
            };
            let next = self.next(outcome, departure, attempts);
            attempts.has_unknown_outcome |= is_unknown;
            match next {
                Next::Done(answer) => return Ok(answer),
                Next::Fail(error) => return Err(error),
                Next::Repeat(pause) => self.clock.pause(pause).await,
            }
        }
    }

    /// Waits for a pause that an earlier 429 asked for, if it is short; a long one is an error.
    async fn wait_out_pause(&self, attempts: OpenApiAttempts) -> Result<(), OpenApiError> {
        while let Some(left) = self.pauses.left(ROOT, self.clock.unix_seconds()) {
            if left > self.policy.longest_wait() {
                let hold = self.pauses.hold(ROOT, self.clock.unix_seconds());
                return Err(match hold {
                    Some(hold) => OpenApiError::Held { hold, attempts },
                    None => OpenApiError::Paused { left, attempts },
                });
            }
            self.clock.pause(left).await;
        }
        Ok(())
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
        self.pauses.answered(departure);
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
        let now = self.clock.unix_seconds();
        let pause = self.pauses.refused(departure, response.retry_after(), now);
        if pause.is_hold {
            tracing::error!(
                left_seconds = pause.length.as_secs(),
                "calls are held: too many requests, again and again"
            );
        }
        match self.pause(attempts, Some(pause.length)) {
            Some(pause) => Next::Repeat(pause),
            None => Next::Fail(OpenApiError::TooManyRequests {
                pause: pause.length,
                attempts,
            }),
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
        self.policy.pause(attempts.count, asked, |longest| {
            self.clock.random_up_to(longest)
        })
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
