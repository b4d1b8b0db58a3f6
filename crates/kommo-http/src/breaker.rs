//! Stops calls before the platform does, and after it did.
//!
//! ```text
//!             429, counted ──── the third in a row ────┐
//!   closed ──┤                                         ├──> open ── time over ──> one trial ── answered ──> closed
//!             403 that is no JSON ─────────────────────┘       ▲                     │
//!                                                              └── refused again ────┘
//! ```
//!
//! A token request is stopped by a block like a call, and goes during a pause of 429s, since calls wait for its token.
//!
//! It reads no clock: instants come in as arguments.

use core::time::Duration;
use std::collections::HashMap;

use kommo_account::AccountHost;

/// Why calls are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakReason {
    /// A 403 that is no JSON: the platform has blocked the address or the account. Only its support takes that back.
    Blocked,
    /// Several 429 in a row: the next thing to come would be the block.
    TooManyRequests,
}

/// An open breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenBreaker {
    /// Why.
    pub reason: BreakReason,
    /// How long until a trial may go.
    pub left: Duration,
    /// Whether all accounts are stopped and not this one alone.
    pub is_whole_egress: bool,
}

/// The figures of a breaker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakerSettings {
    pub(crate) open_after_block: Duration,
    pub(crate) open_after_throttles: Duration,
    pub(crate) throttles_in_a_row: u32,
    pub(crate) blocked_accounts_for_egress: u32,
    pub(crate) trial_spacing: Duration,
}

/// Why a call may not go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// The platform asked this account's callers to wait.
    Throttled { left: Duration },
    /// The breaker is open.
    Open(OpenBreaker),
}

/// The permission to send one request, to be given back with what came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    pub(crate) host: AccountHost,
    admitted_at: Duration,
    is_trial: bool,
}

impl Pass {
    /// Of a request that no pause stops.
    #[cfg(feature = "oauth")]
    pub(crate) const fn outside(host: AccountHost, now: Duration) -> Self {
        Self {
            host,
            admitted_at: now,
            is_trial: false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Open {
    reason: BreakReason,
    until: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct AccountState {
    throttled_until: Duration,
    throttled_at: Option<Duration>,
    in_a_row: u32,
    open: Option<Open>,
}

/// The state of one egress and of the accounts that are called through it.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    egress: Option<Open>,
    /// Only accounts with something to remember.
    accounts: HashMap<AccountHost, AccountState>,
}

impl Breaker {
    pub(crate) fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            egress: None,
            accounts: HashMap::new(),
        }
    }

    /// Whether a call may go. When an open breaker's time is over, one call may go as a trial, and another one only after
    /// a while, should that trial never report back.
    pub(crate) fn admit(&mut self, host: AccountHost, now: Duration) -> Result<Pass, Shut> {
        if let Some(shut) = self.shut(host, now) {
            return Err(shut);
        }
        let until = now.saturating_add(self.settings.trial_spacing);
        let mut is_trial = false;
        let account = self.accounts.get_mut(&host);
        for open in [
            self.egress.as_mut(),
            account.and_then(|state| state.open.as_mut()),
        ]
        .into_iter()
        .flatten()
        {
            open.until = until;
            is_trial = true;
        }
        Ok(Pass {
            host,
            admitted_at: now,
            is_trial,
        })
    }

    /// Whether a token request or a probe may go: not while the platform blocks, and as the one trial when a block's time is over.
    ///
    /// # Errors
    ///
    /// How long the block stays.
    #[cfg(feature = "oauth")]
    pub(crate) fn admit_token(
        &mut self,
        host: AccountHost,
        now: Duration,
    ) -> Result<Pass, Duration> {
        let account = self.accounts.get_mut(&host);
        let mut opens = [
            self.egress.as_mut(),
            account.and_then(|state| state.open.as_mut()),
        ];
        let blocks = opens
            .iter_mut()
            .flatten()
            .filter(|open| open.reason == BreakReason::Blocked);
        let Some(until) = blocks.map(|open| open.until).max() else {
            return Ok(Pass::outside(host, now));
        };
        if until > now {
            return Err(until.saturating_sub(now));
        }
        for open in opens.into_iter().flatten() {
            if open.reason == BreakReason::Blocked {
                open.until = now.saturating_add(self.settings.trial_spacing);
            }
        }
        Ok(Pass {
            host,
            admitted_at: now,
            is_trial: true,
        })
    }

    /// Whether all of the egress is blocked.
    #[cfg(feature = "oauth")]
    pub(crate) fn is_egress_blocked(&self, now: Duration) -> bool {
        self.egress.is_some_and(|open| open.until > now)
    }

    /// What stops a call to this account now; changes nothing.
    pub(crate) fn shut(&self, host: AccountHost, now: Duration) -> Option<Shut> {
        let left = |until: Duration| {
            let left = until.saturating_sub(now);
            (!left.is_zero()).then_some(left)
        };
        let state = self.accounts.get(&host).copied().unwrap_or_default();
        for (open, is_whole_egress) in [(self.egress, true), (state.open, false)] {
            if let Some((open, left)) = open.and_then(|open| Some((open, left(open.until)?))) {
                return Some(Shut::Open(OpenBreaker {
                    reason: open.reason,
                    left,
                    is_whole_egress,
                }));
            }
        }
        left(state.throttled_until).map(|left| Shut::Throttled { left })
    }

    /// The platform answered with something that is no stop sign. Only a trial closes what is open: any other call may have
    /// left before the stop sign came. A token request goes during a pause too; calls keep to the pause all the same.
    pub(crate) fn answered(&mut self, pass: &Pass) {
        if pass.is_trial {
            self.egress = None;
            self.accounts.remove(&pass.host);
        } else if let Some(state) = self.accounts.get_mut(&pass.host) {
            let is_newer = state.throttled_at.is_none_or(|at| pass.admitted_at > at);
            if !is_newer || state.open.is_some() {
                return;
            }
            if pass.admitted_at < state.throttled_until {
                state.in_a_row = 0;
            } else {
                self.accounts.remove(&pass.host);
            }
        }
    }

    /// A 429 that asks for a pause; the reason, if it opened the breaker. Calls that left together count as one.
    pub(crate) fn throttled(
        &mut self,
        pass: &Pass,
        pause: Duration,
        now: Duration,
    ) -> Option<BreakReason> {
        let limit = self.settings.throttles_in_a_row;
        let state = self.accounts.entry(pass.host).or_default();
        state.throttled_until = state.throttled_until.max(now.saturating_add(pause));
        if state.throttled_at.is_none_or(|at| pass.admitted_at > at) {
            state.in_a_row = state.in_a_row.saturating_add(1);
            state.throttled_at = Some(now);
        }
        let is_open = state.open.is_some_and(|open| open.until > now) && !pass.is_trial;
        if state.in_a_row < limit || is_open {
            return None;
        }
        state.open = Some(Open {
            reason: BreakReason::TooManyRequests,
            until: now.saturating_add(self.settings.open_after_throttles.max(pause)),
        });
        Some(BreakReason::TooManyRequests)
    }

    /// A block. Which of the two the platform blocks, the account or the address, its pages tell differently: the account
    /// is stopped at once, and all of them when a second account is blocked too. Whether the whole egress is stopped now.
    pub(crate) fn blocked(&mut self, host: AccountHost, now: Duration) -> bool {
        let open = Open {
            reason: BreakReason::Blocked,
            until: now.saturating_add(self.settings.open_after_block),
        };
        self.accounts.entry(host).or_default().open = Some(open);
        let is_blocked = |state: &&AccountState| {
            state
                .open
                .is_some_and(|open| open.reason == BreakReason::Blocked && open.until > now)
        };
        let blocked = self.accounts.values().filter(is_blocked).count();
        let limit = self.settings.blocked_accounts_for_egress;
        if u32::try_from(blocked).is_ok_and(|blocked| blocked < limit) {
            return false;
        }
        self.egress = Some(open);
        true
    }

    /// Somebody says that the block is gone.
    pub(crate) fn close(&mut self, host: AccountHost) {
        self.egress = None;
        self.accounts.remove(&host);
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "the parts of a test outside its function may end it too"
)]
mod tests;
