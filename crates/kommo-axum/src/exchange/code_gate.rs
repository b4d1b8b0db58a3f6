//! How many codes are taken that anyone may have sent: of install hooks, and of consents that are
//! bound to no session of the application. Each costs a write to the store and a request to the
//! platform, out of what calls and refreshes have: so few are taken in a minute, and of one account
//! fewer. What is turned away here has cost neither.

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;

/// The burst, in minutes at the set rate: half of what is exchanged while a code is valid.
const BURST_MINUTES: u64 = 10;
/// Above this number, accounts whose budget is full again are forgotten. Only codes that were taken
/// are remembered, so there are few others.
const HOSTS_KEPT: usize = 256;

/// Counted in sixtieths of a code, so that a second's worth is a whole number of them.
const WHOLE: u64 = 60;

/// What may be taken.
pub(crate) struct CodeGate {
    of_host: HostLimit,
    taken: Mutex<Taken>,
}

/// What one account may take.
#[derive(Clone, Copy)]
struct HostLimit {
    burst: u64,
    a_minute: u64,
}

/// An account installs an integration once, and again after a failure.
const HOOKS_OF_HOST: HostLimit = HostLimit {
    burst: 5,
    a_minute: 1,
};

/// Each user of an account may connect it. No more than the store has room for.
const CONSENTS_OF_HOST: HostLimit = HostLimit {
    burst: 16,
    a_minute: 10,
};

/// How many install hooks are taken in a minute if the application does not say otherwise. With
/// their probes they use less than a tenth of the seven requests a second that the platform allows
/// an address.
pub(crate) const HOOKS_A_MINUTE: u32 = 20;

/// The same for consents that are bound to no session. Forged ones, which come to no grant and no
/// probe, use less than a twentieth of what the platform allows an address.
pub(crate) const UNBOUND_CONSENTS_A_MINUTE: u32 = 20;

struct Taken {
    all: Bucket,
    hosts: BTreeMap<AccountHost, Bucket>,
}

/// What is left, and how fast it comes back.
#[derive(Clone, Copy)]
pub(crate) struct Bucket {
    left: u64,
    most: u64,
    a_minute: u64,
    at: UnixSeconds,
}

impl Bucket {
    pub(crate) const fn full(codes: u64, a_minute: u64, at: UnixSeconds) -> Self {
        Self {
            left: codes.saturating_mul(WHOLE),
            most: codes.saturating_mul(WHOLE),
            a_minute,
            at,
        }
    }

    /// A clock that was set back adds nothing, and takes nothing.
    pub(crate) fn refilled(mut self, now: UnixSeconds) -> Self {
        let seconds = now.get().saturating_sub(self.at.get());
        let more = seconds.saturating_mul(self.a_minute);
        self.left = self.left.saturating_add(more).min(self.most);
        self.at = now;
        self
    }

    pub(crate) fn without_one(mut self) -> Option<Self> {
        self.left = self.left.checked_sub(WHOLE)?;
        Some(self)
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.left >= self.most
    }
}

impl CodeGate {
    pub(crate) fn of_hooks(a_minute: u32, now: UnixSeconds) -> Self {
        Self::new(a_minute, HOOKS_OF_HOST, now)
    }

    pub(crate) fn of_consents(a_minute: u32, now: UnixSeconds) -> Self {
        Self::new(a_minute, CONSENTS_OF_HOST, now)
    }

    fn new(a_minute: u32, of_host: HostLimit, now: UnixSeconds) -> Self {
        let a_minute = u64::from(a_minute);
        let taken = Taken {
            all: Bucket::full(a_minute.saturating_mul(BURST_MINUTES), a_minute, now),
            hosts: BTreeMap::new(),
        };
        Self {
            of_host,
            taken: Mutex::new(taken),
        }
    }

    /// The pause between two exchanges, so that no more are exchanged than are taken.
    pub(crate) fn pace(a_minute: u32) -> Duration {
        Duration::from_secs(60) / a_minute.max(1)
    }

    /// Whether one more is taken, of this account.
    pub(crate) fn take(&self, host: AccountHost, now: UnixSeconds) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // Also if no code is taken: after a clock was set back there would be no refill until it is
        // where it was.
        taken.all = taken.all.refilled(now);
        if let Some(of_host) = taken.hosts.get_mut(&host) {
            *of_host = of_host.refilled(now);
        }
        let host_full = Bucket::full(self.of_host.burst, self.of_host.a_minute, now);
        let of_host = taken.hosts.get(&host).copied().unwrap_or(host_full);
        let (Some(all), Some(of_host)) = (taken.all.without_one(), of_host.without_one()) else {
            return false;
        };
        taken.all = all;
        taken.hosts.insert(host, of_host);
        if taken.hosts.len() > HOSTS_KEPT {
            taken
                .hosts
                .retain(|_, bucket| !bucket.refilled(now).is_full());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use kommo_account::AccountHost;
    use kommo_oauth::UnixSeconds;

    use super::{CodeGate, HOSTS_KEPT};

    fn host(number: u64) -> AccountHost {
        AccountHost::parse(&format!("shop-{number}.kommo.com")).unwrap()
    }

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(1_700_000_000 + seconds)
    }

    /// How many of these are taken.
    fn taken(gate: &CodeGate, hosts: impl Iterator<Item = u64>, now: UnixSeconds) -> usize {
        hosts.filter(|number| gate.take(host(*number), now)).count()
    }

    #[test]
    fn one_account_takes_a_few_and_leaves_the_rest_to_others() {
        let gate = CodeGate::of_hooks(20, at(0));
        assert_eq!(taken(&gate, core::iter::repeat_n(1, 1_000), at(0)), 5);
        assert_eq!(taken(&gate, 2..102, at(0)), 100, "the others are taken");
        assert_eq!(taken(&gate, core::iter::repeat_n(1, 1_000), at(60)), 1);
    }

    #[test]
    fn many_accounts_take_a_burst_and_then_the_rate() {
        let gate = CodeGate::of_hooks(20, at(0));
        assert_eq!(taken(&gate, 0..5_000, at(0)), 200);
        let later: usize = (1..=600)
            .map(|second| taken(&gate, 10_000 * second..10_000 * second + 50, at(second)))
            .sum();
        assert_eq!(later, 200, "ten minutes at twenty a minute");
        assert_eq!(taken(&gate, 0..5_000, at(600 + 3_600)), 200, "rested");
    }

    #[test]
    fn consents_have_room_for_a_launch_and_for_the_users_of_an_account() {
        let gate = CodeGate::of_consents(30, at(0));
        assert_eq!(taken(&gate, core::iter::repeat_n(1, 1_000), at(0)), 16);
        assert_eq!(taken(&gate, 2..2_000, at(0)), 284, "300 of all");
        assert_eq!(taken(&gate, core::iter::repeat_n(1, 1_000), at(60)), 10);
        assert_eq!(taken(&gate, 2..2_000, at(60)), 20);
        let closed = CodeGate::of_consents(0, at(0));
        assert_eq!(taken(&closed, 0..2_000, at(3_600)), 0);
    }

    #[test]
    fn what_is_remembered_of_accounts_is_bounded() {
        let gate = CodeGate::of_hooks(20, at(0));
        for second in 0..50_000 {
            taken(&gate, 10 * second..10 * second + 10, at(second));
            let kept = gate.taken.lock().unwrap().hosts.len();
            assert!(kept <= HOSTS_KEPT, "{kept}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_opens_nothing() {
        let gate = CodeGate::of_hooks(20, at(1_000));
        assert_eq!(taken(&gate, 0..5_000, at(1_000)), 200);
        assert_eq!(taken(&gate, 0..5_000, at(0)), 0);
        assert_eq!(taken(&gate, 5_000..6_000, at(60)), 20);
    }
}
