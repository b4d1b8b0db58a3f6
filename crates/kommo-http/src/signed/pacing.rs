//! When an attempt may leave, and how long to wait before the next: one policy for all clients that
//! sign each attempt.

use core::time::Duration;

use crate::error::TransportError;
use crate::signed::clock::SigningClock;
use crate::signed::pace::Pace;
use crate::signed::peer_pauses::{Departure, PeerHold, PeerPauses};
use crate::transport::raw_response::RawResponse;
use crate::transport::retry_policy::RetryPolicy;

/// The time, the pace and the pauses of one call.
#[derive(Clone, Copy)]
pub(crate) struct Pacing<'a> {
    pub(crate) clock: &'a dyn SigningClock,
    pub(crate) policy: RetryPolicy,
    pub(crate) pauses: &'a PeerPauses,
    pub(crate) pace: &'a Pace,
    /// The beginning of the paths that a pause of this call applies to.
    pub(crate) path: &'a str,
}

/// Why an attempt may not leave now: a pause that is longer than a call waits by itself.
pub(crate) enum Blocked {
    Paused(Duration),
    Held(PeerHold),
}

impl<'a> Pacing<'a> {
    /// Waits for a turn, and for a pause that an earlier 429 asked for, if it is short.
    pub(crate) async fn depart(&self) -> Result<Departure<'a>, Blocked> {
        self.pace.wait(self.clock).await;
        while let Some(left) = self.pauses.left(self.path, self.now()) {
            if left > self.policy.longest_wait() {
                let hold = self.pauses.hold(self.path, self.now());
                return Err(hold.map_or(Blocked::Paused(left), Blocked::Held));
            }
            self.clock.pause(left).await;
        }
        Ok(self.pauses.departure(self.path))
    }

    /// A 429. Returns the pause that it asks for.
    pub(crate) fn refused(&self, departure: Departure<'_>, named: Option<Duration>) -> Duration {
        let pause = self.pauses.refused(departure, named, self.now());
        if pause.is_hold {
            tracing::error!(
                left_seconds = pause.length.as_secs(),
                "calls are held: too many requests, again and again"
            );
        }
        pause.length
    }

    /// Any other answer.
    pub(crate) fn answered(&self, departure: Departure<'_>) {
        self.pauses.answered(departure);
    }

    /// The pause before this repetition; `None` if there is none left, or the peer asks for more
    /// than a call waits by itself.
    pub(crate) fn before_repetition(
        &self,
        repetition: u32,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let random = |longest| self.clock.random_up_to(longest);
        self.policy.pause(repetition, asked, random)
    }

    fn now(&self) -> u64 {
        self.clock.unix_seconds()
    }
}

/// Whether the outcome of a request is unknown: it had no answer, or a 5xx.
pub(crate) fn is_unknown(result: &Result<RawResponse, TransportError>) -> bool {
    match result {
        Ok(response) => response.status() >= 500,
        Err(error) => error.is_in_doubt(),
    }
}
