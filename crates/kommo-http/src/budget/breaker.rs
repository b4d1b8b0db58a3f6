//! Stops calls before the platform does, and after it did.
//!
//! ```text
//!             429, counted ──── the third in a row ────┐
//!   closed ──┤                                         ├──> open ── time over ──> one trial ── answered ──> closed
//!             403 that is not JSON ────────────────────┘       ▲                     │
//!                                                              └── refused again ────┘
//! ```
//!
//! That is the breaker of one account. Whether it is the account or our address that the platform
//! blocks, its pages do not say:
//!
//! ```text
//!   closed ── two accounts that worked are blocked ──> suspected ── a third that worked: its trial is blocked ──> open, all
//!     ▲                                                    │
//!     └──────────────── any trial is answered ─────────────┘
//! ```
//!
//! What a stranger or a single tenant chooses is not evidence about our address. So an exchange
//! counts for nothing, and only accounts count that worked recently; and what was answered once is
//! not counted again.
//!
//! A token request is stopped by a block like a call, and goes during a pause of 429s, since calls
//! wait for its token.
//!
//! It reads no clock: instants come in as arguments.

use core::time::Duration;
use std::collections::HashMap;

use kommo_account::{AccountHost, PeerPausePolicy};
use kommo_oauth::UnixSeconds;

/// How long an account counts as known after its last success.
pub(crate) const KNOWN_FOR: Duration = Duration::from_secs(24 * 3600);

/// The number of accounts above which those whose success is long ago are forgotten.
const MANY: usize = 10_000;

/// How often a call that waits for another call's trial looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Why calls are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakReason {
    /// A 403 that is not JSON: the platform has blocked the address or the account. Only its
    /// support takes that back.
    Blocked,
    /// Several 429s in a row: a hold, since the block would come next.
    TooManyRequests,
}

/// An open breaker, as it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenBreaker {
    /// Why.
    pub reason: BreakReason,
    /// How long until a trial may go.
    pub left: Duration,
    /// When a trial may go.
    pub until: UnixSeconds,
    /// Whether all accounts are stopped and not this one alone.
    pub is_whole_egress: bool,
}

/// The figures of a breaker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakerSettings {
    pub(crate) open_after_block: Duration,
    pub(crate) blocked_accounts_for_egress: u32,
    pub(crate) trial_spacing: Duration,
    pub(crate) pauses: PeerPausePolicy,
}

/// What is known of the caller before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A token or pair that the platform gave recently.
    Known,
    /// A grant that may have worked once. It is known if it worked in this process.
    Unproven,
    /// An exchange: a stranger may have chosen the host.
    Stranger,
}

/// Why a request may not go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// The platform asked this account's callers to wait, or another request is the trial just now.
    Throttled { left: Duration },
    /// The breaker is open.
    Open(Stop),
}

/// What an open breaker stops, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) reason: BreakReason,
    pub(crate) left: Duration,
    pub(crate) is_whole_egress: bool,
}

impl Rejected {
    /// How long.
    pub(crate) const fn left(&self) -> Duration {
        match self {
            Self::Throttled { left } => *left,
            Self::Open(stop) => stop.left,
        }
    }
}

/// The permission to send one request, to be returned with its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    pub(crate) host: AccountHost,
    standing: Standing,
    admitted_at: Duration,
    is_trial: bool,
}

impl Permit {
    /// Whether what it meets says something about the account.
    fn is_evidence(&self) -> bool {
        matches!(self.standing, Standing::Known | Standing::Unproven)
    }
}

/// What a block led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Nothing: a stranger may have chosen the host.
    Nothing,
    /// The account is stopped.
    Account,
    /// The account is stopped, and another one is to try for all.
    Suspected,
    /// Everything is stopped.
    WholeEgress,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    reason: BreakReason,
    until: Duration,
}

/// What is thought of our address.
#[derive(Clone, Copy, Debug)]
struct Egress {
    /// Whether a trial has confirmed it; else it is a suspicion.
    is_open: bool,
    /// When the next trial may go: at once for an account that is known, later for the others.
    next_trial: Duration,
    /// How much later. It doubles while their trials are blocked.
    others_later: Duration,
    is_trial_out: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct AccountState {
    throttled_until: Duration,
    throttled_at: Option<Duration>,
    /// The latest pause, until an answer ends the row.
    last_pause: Option<Duration>,
    in_a_row: u32,
    open: Option<Open>,
    /// Whether its block is evidence about our address.
    is_evidence: bool,
}

/// The state of one egress and of the accounts that are called through it.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    egress: Option<Egress>,
    /// Only accounts with something to remember.
    accounts: HashMap<AccountHost, AccountState>,
    /// The last success of each account.
    worked: HashMap<AccountHost, Duration>,
}

impl Breaker {
    pub(crate) fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            egress: None,
            accounts: HashMap::new(),
            worked: HashMap::new(),
        }
    }

    /// Whether a call may go. When an open breaker's time is over, one call may go as a trial, and
    /// another one only after a while, should that trial never report back.
    pub(crate) fn admit(
        &mut self,
        host: AccountHost,
        standing: Standing,
        now: Duration,
    ) -> Result<Permit, Rejected> {
        let standing = self.standing(host, standing, now);
        if let Some(rejected) = self.rejection(host, standing, now) {
            return Err(rejected);
        }
        Ok(self.permit(host, standing, now, |_| true))
    }

    /// Whether a token request or a probe may go: not while the platform blocks, and as the one
    /// trial when a block's time is over.
    pub(crate) fn admit_token(
        &mut self,
        host: AccountHost,
        standing: Standing,
        now: Duration,
    ) -> Result<Permit, Rejected> {
        let standing = self.standing(host, standing, now);
        let blocks = [
            self.egress_rejection(standing, now),
            self.account_block(host, now),
        ];
        if let Some(rejected) = blocks.into_iter().flatten().max_by_key(Rejected::left) {
            return Err(rejected);
        }
        let is_block = |open: &Open| open.reason == BreakReason::Blocked;
        Ok(self.permit(host, standing, now, is_block))
    }

    fn permit(
        &mut self,
        host: AccountHost,
        standing: Standing,
        now: Duration,
        is_meant: fn(&Open) -> bool,
    ) -> Permit {
        let until = now.saturating_add(self.settings.trial_spacing);
        let mut is_trial = false;
        if let Some(egress) = &mut self.egress {
            egress.next_trial = until;
            egress.is_trial_out = true;
            is_trial = true;
        }
        let account = self.accounts.get_mut(&host);
        let open = account.and_then(|state| state.open.as_mut());
        if let Some(open) = open.filter(|open| is_meant(open)) {
            open.until = until;
            is_trial = true;
        }
        Permit {
            host,
            standing,
            admitted_at: now,
            is_trial,
        }
    }

    /// An account that worked in this process a short while ago is known, whatever its token says.
    pub(crate) fn standing(&self, host: AccountHost, said: Standing, now: Duration) -> Standing {
        let worked = self.worked.get(&host);
        let is_recent = worked.is_some_and(|at| now.saturating_sub(*at) <= KNOWN_FOR);
        match said {
            Standing::Unproven if is_recent => Standing::Known,
            said => said,
        }
    }

    /// Whether all of the egress is blocked.
    pub(crate) fn is_egress_blocked(&self, now: Duration) -> bool {
        self.egress
            .is_some_and(|egress| egress.is_open && egress.next_trial > now)
    }

    /// What stops a call to this account now; changes nothing.
    pub(crate) fn rejection(
        &self,
        host: AccountHost,
        standing: Standing,
        now: Duration,
    ) -> Option<Rejected> {
        let standing = self.standing(host, standing, now);
        let state = self.accounts.get(&host).copied().unwrap_or_default();
        let of_account = || state.open.and_then(|open| rejected(open, false, now));
        let of_pause = || {
            let left = state.throttled_until.saturating_sub(now);
            (!left.is_zero()).then_some(Rejected::Throttled { left })
        };
        self.egress_rejection(standing, now)
            .or_else(of_account)
            .or_else(of_pause)
    }

    fn egress_rejection(&self, standing: Standing, now: Duration) -> Option<Rejected> {
        let egress = self.egress?;
        let later = match standing {
            Standing::Known => Duration::ZERO,
            // They come after the accounts that are known, so that a stranger cannot take every
            // trial.
            _ => egress.others_later,
        };
        let left = egress.next_trial.saturating_add(later).saturating_sub(now);
        if left.is_zero() {
            return None;
        }
        if egress.is_open {
            return Some(Rejected::Open(Stop {
                reason: BreakReason::Blocked,
                left,
                is_whole_egress: true,
            }));
        }
        let left = if egress.is_trial_out {
            left.min(LOOK_AGAIN)
        } else {
            left
        };
        Some(Rejected::Throttled { left })
    }

    fn account_block(&self, host: AccountHost, now: Duration) -> Option<Rejected> {
        let open = self.accounts.get(&host)?.open?;
        let open = (open.reason == BreakReason::Blocked).then_some(open)?;
        rejected(open, false, now)
    }

    /// The platform answered with something other than a stop sign; `is_success` if it did what was
    /// asked. Only a trial closes what is open: any other call may have left before the stop sign
    /// came. A token request goes during a pause too; calls keep to the pause all the same.
    pub(crate) fn answered(&mut self, permit: &Permit, is_success: bool, now: Duration) {
        if is_success {
            self.remember(permit.host, now);
        }
        if permit.is_trial && self.egress.is_some() {
            self.egress = None;
            // Our address is served, so the blocks were about their accounts.
            for state in self.accounts.values_mut() {
                state.is_evidence = false;
            }
        }
        if !permit.is_evidence() && !is_success {
            return;
        }
        if permit.is_trial {
            self.accounts.remove(&permit.host);
        } else if let Some(state) = self.accounts.get_mut(&permit.host) {
            let is_newer = state.throttled_at.is_none_or(|at| permit.admitted_at > at);
            if !is_newer || state.open.is_some() {
                return;
            }
            if permit.admitted_at < state.throttled_until {
                state.in_a_row = 0;
                state.last_pause = None;
            } else {
                self.accounts.remove(&permit.host);
            }
        }
    }

    fn remember(&mut self, host: AccountHost, now: Duration) {
        if self.worked.len() >= MANY && !self.worked.contains_key(&host) {
            self.worked
                .retain(|_, at| now.saturating_sub(*at) <= KNOWN_FOR);
        }
        if self.worked.len() < MANY || self.worked.contains_key(&host) {
            self.worked.insert(host, now);
        }
    }

    /// A 429 that names a pause, or none. Returns the pause that follows, and whether it is a hold
    /// that opened the breaker. Calls that left together count as one. What a stranger's request
    /// meets stops no call.
    pub(crate) fn throttled(
        &mut self,
        permit: &Permit,
        named: Option<Duration>,
        now: Duration,
    ) -> (Duration, bool) {
        let policy = self.settings.pauses;
        if !permit.is_evidence() {
            return (policy.after(named, None).length, false);
        }
        let state = self.accounts.entry(permit.host).or_default();
        let is_next = state.throttled_at.is_none_or(|at| permit.admitted_at > at);
        let before = state.last_pause.filter(|_| is_next);
        state.in_a_row = state.in_a_row.saturating_add(u32::from(is_next));
        let pause = policy.after_row(named, before, state.in_a_row);
        let until = now.saturating_add(pause.length);
        state.throttled_until = state.throttled_until.max(until);
        if is_next {
            state.throttled_at = Some(now);
            state.last_pause = Some(pause.length);
        }
        let is_open = state.open.is_some_and(|open| open.until > now) && !permit.is_trial;
        if !pause.is_hold || is_open {
            return (pause.length, false);
        }
        state.open = Some(Open {
            reason: BreakReason::TooManyRequests,
            until,
        });
        (pause.length, true)
    }

    /// A block.
    pub(crate) fn blocked(&mut self, permit: &Permit, now: Duration) -> Blocked {
        let is_known = permit.standing == Standing::Known;
        let whole = self.settings.open_after_block;
        if permit.is_evidence() {
            let state = self.accounts.entry(permit.host).or_default();
            state.open = Some(Open {
                reason: BreakReason::Blocked,
                until: now.saturating_add(whole),
            });
            state.is_evidence = is_known;
        }
        let trial = self.egress.as_mut().filter(|_| permit.is_trial);
        match trial {
            Some(egress) if is_known => {
                egress.is_open = true;
                egress.next_trial = now.saturating_add(whole);
                egress.others_later = self.settings.trial_spacing;
                egress.is_trial_out = false;
                return Blocked::WholeEgress;
            }
            Some(egress) => {
                egress.others_later = egress.others_later.saturating_mul(2).min(whole);
                egress.next_trial = now;
                egress.is_trial_out = false;
            }
            None => {}
        }
        if !permit.is_evidence() {
            return Blocked::Nothing;
        }
        if self.egress.is_some() || !is_known || !self.is_suspect(now) {
            return Blocked::Account;
        }
        // One account for all of them is the wish of the operator, and needs no trial.
        let is_open = self.settings.blocked_accounts_for_egress <= 1;
        let next_trial = if is_open {
            now.saturating_add(whole)
        } else {
            now
        };
        self.egress = Some(Egress {
            is_open,
            next_trial,
            others_later: self.settings.trial_spacing,
            is_trial_out: false,
        });
        if is_open {
            Blocked::WholeEgress
        } else {
            Blocked::Suspected
        }
    }

    /// Whether as many accounts are blocked as make a suspicion.
    fn is_suspect(&self, now: Duration) -> bool {
        let counts = |state: &&AccountState| {
            let is_blocked = |open: Open| open.reason == BreakReason::Blocked && open.until > now;
            state.is_evidence && state.open.is_some_and(is_blocked)
        };
        let blocked = self.accounts.values().filter(counts).count();
        let limit = self.settings.blocked_accounts_for_egress;
        u32::try_from(blocked).map_or(true, |blocked| blocked >= limit)
    }

    /// To be said after each request, whatever came: a trial that met neither an answer of the
    /// platform nor a stop sign leaves its turn to the next one, if our address is only suspected.
    pub(crate) fn settle(&mut self, permit: &Permit, now: Duration) {
        let taken_until = permit
            .admitted_at
            .saturating_add(self.settings.trial_spacing);
        if let Some(egress) = &mut self.egress
            && permit.is_trial
            && !egress.is_open
            && egress.is_trial_out
            && egress.next_trial == taken_until
        {
            egress.is_trial_out = false;
            egress.next_trial = now;
        }
    }

    /// An operator says that the block is gone.
    pub(crate) fn close(&mut self, host: AccountHost) {
        self.egress = None;
        self.accounts.remove(&host);
    }
}

fn rejected(open: Open, is_whole_egress: bool, now: Duration) -> Option<Rejected> {
    let left = open.until.saturating_sub(now);
    (!left.is_zero()).then_some(Rejected::Open(Stop {
        reason: open.reason,
        left,
        is_whole_egress,
    }))
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "the parts of a test outside its function may end it too"
)]
mod tests;
