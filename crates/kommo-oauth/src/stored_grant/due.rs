//! When a sweep should visit a grant that is not being called with.

use core::time::Duration;

use crate::grant::{CLOCKS_MAY_DIFFER, EndWarning, Grant, GrantState, HoldScope, LongLived};
use crate::token::TokenPair;
use crate::unix_time::UnixSeconds;

/// An attempt older than this is taken over: its worker should have settled it.
const ATTEMPT_AT_MOST: Duration = Duration::from_secs(60);

/// The longest pause in doubt, if the policy is the default one. With a longer one, a sweep visits
/// once more than necessary.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

const DAY: u64 = 86_400;

impl Grant {
    /// The instant from which a sweep should visit this grant; `None` if it does not change with
    /// time.
    ///
    /// - active: `refresh_before` before the newest token ends, or half of its life if that is
    ///   shorter; at once if the platform answered 401 to that token;
    /// - refreshing: a minute after the attempt began; in doubt: the next try;
    /// - long-lived: the next warning, 30, 7 and 1 days before the end, and the end;
    /// - a new consent awaited, or ended: never.
    ///
    /// Not before the end of a hold that stops all requesters. A hold of one configuration or one
    /// address stops only its own machine, so it is not considered here: that machine returns the
    /// claim with the instant at which the hold ends. Never panics.
    #[must_use]
    pub fn due_at(&self, refresh_before: Duration) -> Option<UnixSeconds> {
        let due = match &self.state {
            GrantState::Active(active) if active.pairs.access_rejected() => UnixSeconds::new(0),
            GrantState::Active(active) => {
                let pair = &active.pairs.newest().pair;
                let margin = refresh_before.min(pair.lifetime() / 2);
                issued_at(pair).plus(pair.lifetime()).minus(margin)
            }
            GrantState::InDoubt(in_doubt) => in_doubt.doubt.next_try,
            GrantState::Refreshing(refreshing) => {
                return Some(refreshing.attempt.started_at.plus(ATTEMPT_AT_MOST));
            }
            GrantState::LongLived(token) => return next_warning(token),
            GrantState::ReauthRequired(_) | GrantState::Disconnected(_) => return None,
        };
        let holds = self.holds.iter();
        let for_everybody = holds.filter(|hold| hold.scope == HoldScope::Grant);
        let held_until = for_everybody.map(|hold| hold.until).max();
        Some(held_until.map_or(due, |until| until.max(due)))
    }

    /// The reading of a clock that [`due_at`](Self::due_at) was computed from, if the platform's
    /// own time does not confirm it. If that clock was ahead, the reading is in the future for the
    /// other workers; then they visit the grant now, whatever `due_at` says. `None`: `due_at` does
    /// not depend on a clock of ours.
    #[must_use]
    pub fn due_reckoned_at(&self) -> Option<UnixSeconds> {
        let reckoned = match &self.state {
            GrantState::Active(active) => {
                let pair = &active.pairs.newest().pair;
                let is_unconfirmed = pair.server_time.is_none() && !active.pairs.access_rejected();
                is_unconfirmed.then_some(pair.obtained_at)
            }
            // The next try is computed from the end of the last attempt, which is not stored: not
            // earlier than the longest pause before it.
            GrantState::InDoubt(in_doubt) => {
                let earliest = in_doubt.doubt.next_try.minus(LONGEST_PAUSE);
                Some(earliest.max(in_doubt.doubt.since))
            }
            GrantState::Refreshing(refreshing) => return Some(refreshing.attempt.started_at),
            GrantState::LongLived(_)
            | GrantState::ReauthRequired(_)
            | GrantState::Disconnected(_) => {
                return None;
            }
        };
        let holds = self.holds.iter();
        let for_everybody = holds.filter(|hold| hold.scope == HoldScope::Grant);
        for_everybody.map(|hold| hold.since).chain(reckoned).max()
    }
}

/// When the pair was obtained; when the server issued it, if our clock was far ahead of the
/// server's then. A reader of a column of instants cannot judge them.
fn issued_at(pair: &TokenPair) -> UnixSeconds {
    let is_ahead = |server: &UnixSeconds| server.until(pair.obtained_at) > CLOCKS_MAY_DIFFER;
    pair.server_time
        .filter(is_ahead)
        .unwrap_or(pair.obtained_at)
}

fn next_warning(token: &LongLived) -> Option<UnixSeconds> {
    if token.ended.is_some() {
        return None;
    }
    let days_before = match token.warned {
        None => 30,
        Some(EndWarning::ThirtyDays) => 7,
        Some(EndWarning::SevenDays) => 1,
        Some(EndWarning::OneDay) => 0,
        Some(EndWarning::Ended) => return None,
    };
    let length = Duration::from_secs(days_before * DAY);
    Some(token.expires_at?.minus(length))
}
