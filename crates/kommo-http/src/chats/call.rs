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
use crate::signed::clock::SigningClock;
use crate::signed::pace::Pace;
use crate::signed::peer_pauses::{Departure, PeerPauses};
use crate::transport::raw_response::RawResponse;
use crate::transport::retry_policy::Repeat;
use crate::transport::retry_policy::RetryPolicy;

/// One call in progress.
pub(crate) struct Call<'a> {
    sender: Sender<'a>,
    clock: &'a dyn SigningClock,
    policy: RetryPolicy,
    kept_offset: &'a KeptOffset,
    pauses: &'a PeerPauses,
    pace: &'a Pace,
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
        clock: &'a dyn SigningClock,
        policy: RetryPolicy,
        kept_offset: &'a KeptOffset,
        pauses: &'a PeerPauses,
        pace: &'a Pace,
    ) -> Self {
        Self {
            sender,
            clock,
            policy,
            kept_offset,
            pauses,
            pace,
            attempts: 0,
            repetitions: 0,
            tried_offset: None,
            has_unknown_outcome: false,
        }
    }

    /// Sends until there is a result or an error.
    pub(crate) async fn run(mut self) -> Result<Answer<RawResponse>, ChatsError> {
        loop {
            self.pace.wait(self.clock).await;
            self.wait_out_pause().await?;
            let departure = self
                .pauses
                .departure(connection_of(self.sender.request.path));
            self.attempts += 1;
            let now = self.clock.unix_seconds();
            let outcome = self.sender.attempt(self.attempts, now, self.offset()).await;
            let outcome = outcome.map_err(ChatsError::InvalidRequest)?;
            let is_unknown = match &outcome.result {
                Ok(response) => response.status() >= 500,
                Err(error) => error.is_in_doubt(),
            };
            let next = self.next(outcome, departure);
            self.has_unknown_outcome |= is_unknown;
            match next {
                Next::Done(response) => return Ok(self.answer(response)),
                Next::Fail(error) => return Err(error),
                Next::CorrectClock(offset) => self.tried_offset = Some(offset),
                Next::Repeat(pause) => {
                    self.repetitions += 1;
                    self.clock.pause(pause).await;
                }
            }
        }
    }

    /// Waits for a pause that an earlier 429 asked for, if it is short; a long one is an error.
    async fn wait_out_pause(&self) -> Result<(), ChatsError> {
        let path = connection_of(self.sender.request.path);
        let left = || self.pauses.left(path, self.clock.unix_seconds());
        while let Some(left) = left() {
            if left > self.policy.longest_wait() {
                let attempts = self.attempts;
                let hold = self.pauses.hold(path, self.clock.unix_seconds());
                return Err(match hold {
                    Some(hold) => ChatsError::Held { hold, attempts },
                    None => ChatsError::Paused { left, attempts },
                });
            }
            self.clock.pause(left).await;
        }
        Ok(())
    }

    fn offset(&self) -> i64 {
        self.tried_offset
            .unwrap_or_else(|| self.kept_offset.seconds())
    }

    fn next(&self, outcome: Outcome, departure: Departure<'_>) -> Next {
        if matches!(&outcome.result, Ok(response) if response.status() != 429) {
            self.pauses.answered(departure);
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
                let now = self.clock.unix_seconds();
                if refusal.status() == 429 {
                    let pause = self.pauses.refused(departure, refusal.retry_after, now);
                    if pause.is_hold {
                        tracing::error!(
                            left_seconds = pause.length.as_secs(),
                            "calls are held: too many requests, again and again"
                        );
                    }
                    refusal.retry_after = Some(pause.length);
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
            self.clock.unix_seconds(),
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
            Repeat::WhenSafe => self.policy.pause(self.repetitions + 1, asked, |longest| {
                self.clock.random_up_to(longest)
            }),
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
fn connection_of(path: RequestPath<'_>) -> &str {
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
