//! A whole call: attempts, pauses, and the decision after each answer.
//!
//! ```text
//!            ┌────────────── pause, new date, new signature ◄──────────┐
//!            ▼                                                         │ may be repeated, attempts left
//! sign ─> attempt ─┬─ 2xx ──────────────────────────────> Answer       │
//!            ▲     ├─ no answer · 429 · 500 502 503 504 ───────────────┤
//!            │     ├─ 403 signature, clocks differ (once) ─┐           └─> error
//!            └─────│──────────── offset ◄──────────────────┘
//!                  └─ 3xx · other 4xx · 403 in plain text ─────────────> error
//! ```

use alloc::boxed::Box;
use core::time::Duration;

use kommo_chats::ErrorKind;
use kommo_sign::RequestPath;

use crate::chats::answer::Answer;
use crate::chats::attempt::{Outcome, Sender};
use crate::chats::clock_offset::{self, KeptOffset};
use crate::chats::error::ChatsError;
use crate::chats::refusal::Refusal;
use crate::error::TransportError;
use crate::signed::pacing::{Blocked, Pacing, is_unknown};
use crate::signed::peer_pauses::Departure;
use crate::transport::raw_response::RawResponse;
use crate::transport::retry_policy::Repeat;

/// One call in progress.
pub(crate) struct Call<'a> {
    sender: Sender<'a>,
    pacing: Pacing<'a>,
    kept_offset: &'a KeptOffset,
    attempts: u32,
    repetitions: u32,
    tried_offset: Option<i64>,
    /// Whether an attempt had no answer, or one that does not say what became of it.
    has_unknown_outcome: bool,
}

/// What follows an attempt.
enum Next {
    Done(RawResponse),
    /// The same again, after a pause.
    Repeat(Duration),
    /// The same again, dated by the platform's clock.
    CorrectClock(i64),
    Fail(ChatsError),
}

impl<'a> Call<'a> {
    pub(crate) const fn new(
        sender: Sender<'a>,
        pacing: Pacing<'a>,
        kept_offset: &'a KeptOffset,
    ) -> Self {
        Self {
            sender,
            pacing,
            kept_offset,
            attempts: 0,
            repetitions: 0,
            tried_offset: None,
            has_unknown_outcome: false,
        }
    }

    /// Sends until there is a result or an error.
    pub(crate) async fn run(mut self) -> Result<Answer<RawResponse>, ChatsError> {
        loop {
            let attempts = self.attempts;
            let departure = self
                .pacing
                .depart()
                .await
                .map_err(|blocked| match blocked {
                    Blocked::Paused(left) => ChatsError::Paused { left, attempts },
                    Blocked::Held(hold) => ChatsError::Held { hold, attempts },
                })?;
            self.attempts += 1;
            let now = self.pacing.clock.unix_seconds();
            let outcome = self.sender.attempt(self.attempts, now, self.offset()).await;
            let outcome = outcome.map_err(ChatsError::InvalidRequest)?;
            let is_unknown = is_unknown(&outcome.result);
            let next = self.next(outcome, departure);
            self.has_unknown_outcome |= is_unknown;
            match next {
                Next::Done(response) => return Ok(self.answer(response)),
                Next::Fail(error) => return Err(error),
                Next::CorrectClock(offset) => self.tried_offset = Some(offset),
                Next::Repeat(pause) => {
                    self.repetitions += 1;
                    self.pacing.clock.pause(pause).await;
                }
            }
        }
    }

    fn offset(&self) -> i64 {
        self.tried_offset
            .unwrap_or_else(|| self.kept_offset.seconds())
    }

    fn next(&self, outcome: Outcome, departure: Departure<'_>) -> Next {
        if matches!(&outcome.result, Ok(response) if response.status() != 429) {
            self.pacing.answered(departure);
        }
        match outcome.result {
            Ok(response) if response.is_success() => Next::Done(response),
            Ok(response) if matches!(response.status(), 300..=399) => {
                Next::Fail(ChatsError::Redirected {
                    status: response.status(),
                    attempts: self.attempts,
                })
            }
            Ok(response) => {
                let mut refusal = Refusal::read(&response, outcome.signed_at);
                if refusal.status() == 429 {
                    let pause = self.pacing.refused(departure, refusal.retry_after);
                    refusal.retry_after = Some(pause);
                }
                self.after_refusal(refusal)
            }
            Err(error) => self.after_failure(error),
        }
    }

    fn after_refusal(&self, refusal: Refusal) -> Next {
        if let Some(offset) = self.offset_to_try(&refusal) {
            return Next::CorrectClock(offset);
        }
        // Rule E3 is kept by not standing in this list: a 403 is never repeated.
        let may_pass = matches!(refusal.status(), 429 | 500 | 502 | 503 | 504);
        if let Some(pause) = self.pause(refusal.retry_after).filter(|_| may_pass) {
            return Next::Repeat(pause);
        }
        let refusal = Box::new(Refusal {
            attempts: self.attempts,
            tried_offset_seconds: self.tried_offset,
            follows_unknown_outcome: self.has_unknown_outcome,
            ..refusal
        });
        Next::Fail(match refusal.status() {
            429 => ChatsError::TooManyRequests(refusal),
            _ => ChatsError::Refused(refusal),
        })
    }

    /// Rule T3. A refused signature means that nothing was carried out, so this is safe for every
    /// request.
    fn offset_to_try(&self, refusal: &Refusal) -> Option<i64> {
        let is_about_signature =
            refusal.status() == 403 && refusal.error.kind() == ErrorKind::InvalidSignature;
        if !is_about_signature || self.tried_offset.is_some() {
            return None;
        }
        clock_offset::after_refusal(
            refusal.server_date?,
            self.pacing.clock.unix_seconds(),
            self.offset(),
        )
    }

    fn after_failure(&self, error: TransportError) -> Next {
        match self.pause(None).filter(|_| error.is_transient()) {
            Some(pause) => Next::Repeat(pause),
            None => Next::Fail(ChatsError::Transport {
                error,
                attempts: self.attempts,
            }),
        }
    }

    fn pause(&self, asked: Option<Duration>) -> Option<Duration> {
        match self.sender.request.repeat {
            Repeat::Never => None,
            Repeat::WhenSafe => self.pacing.before_repetition(self.repetitions + 1, asked),
        }
    }

    /// An offset is kept only now: a request that was dated with it has succeeded.
    fn answer(self, response: RawResponse) -> Answer<RawResponse> {
        if let Some(offset) = self.tried_offset {
            self.kept_offset.keep(offset);
            tracing::warn!(
                offset_seconds = offset,
                "clock of this machine differs from the chats api"
            );
        }
        Answer {
            status: response.status(),
            attempts: self.attempts,
            learned_offset_seconds: self.tried_offset,
            server_date: response.server_date(),
            value: response,
        }
    }
}

/// `/v2/origin/custom/{scope}`: paths below it belong to the same connection.
const SEGMENTS_OF_CONNECTION: usize = 5;

/// What the paths of a connection begin with. A pause applies to one connection, so that one
/// account's does not stop the others.
pub(crate) fn connection_of(path: RequestPath<'_>) -> &str {
    let path = path.as_str();
    let ends = path.match_indices('/').map(|(at, _)| at);
    let end = ends.into_iter().nth(SEGMENTS_OF_CONNECTION - 1);
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use kommo_sign::RequestPath;

    use super::connection_of;

    #[test]
    fn a_connection_is_known_by_the_scope_in_its_path() {
        for text in ["/v2/origin/custom/s", "/v2/origin/custom/s/chats"] {
            let path = RequestPath::parse(text).unwrap();
            assert_eq!(connection_of(path), "/v2/origin/custom/s");
        }
        assert_eq!(connection_of(RequestPath::parse("/a").unwrap()), "/a");
    }
}
