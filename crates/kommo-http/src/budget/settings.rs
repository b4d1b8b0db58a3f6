//! The figures of a request budget.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use kommo_account::{AccountHost, PeerPausePolicy};

use crate::budget::breaker::BreakerSettings;
use crate::budget::rate_limit::{LimitShare, RateLimit};

/// What may be sent, how fast, and when to stop.
///
/// | what | default | source |
/// | --- | --- | --- |
/// | requests by egress address | 7 a second | rule L4 |
/// | by integration in one account | 7 a second | rule L4 |
/// | of these, what strangers order: exchanges for hooks, and for consents of no session | 1 a second, 8 at once | choice |
/// | by account | 50 a second, shared with everybody's integrations | rule L4 |
/// | pause after a 429 that names none | 60 s and up to 10 s of jitter | rule L5 |
/// | shortest and longest pause on a 429's word | 5 s and 300 s | choice; rule L5 |
/// | growth | twice the pause before, up to an hour, until another answer comes | choice |
/// | breaker after a block | 4 hours | rule L6; the length is a choice |
/// | hold after 3 429s in a row: the breaker opens | 15 minutes, or the grown pause if that is longer | choice |
/// | accounts that must be blocked for the address to be suspected | 2 | choice: the pages disagree on whether account or address is blocked |
///
/// # Examples
///
/// ```
/// use kommo_account::AccountHost;
/// use kommo_http::{BudgetSettings, LimitShare, RateLimit};
///
/// let big = AccountHost::parse("bigshop.amocrm.ru")?;
/// let settings = BudgetSettings::new()
///     .share(LimitShare::new(1, 4)?) // one of four processes with one address
///     .package(big, RateLimit::per_second(100), RateLimit::per_second(15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct BudgetSettings {
    pub(crate) egress_name: Arc<str>,
    pub(crate) egress: RateLimit,
    pub(crate) integration: RateLimit,
    pub(crate) account: RateLimit,
    pub(crate) strangers: RateLimit,
    pub(crate) packages: BTreeMap<AccountHost, Package>,
    pub(crate) share: LimitShare,
    pub(crate) jitter: Duration,
    pub(crate) breaker: BreakerSettings,
}

/// The limits of an account that pays for more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) account: RateLimit,
    pub(crate) integration: RateLimit,
}

impl BudgetSettings {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            egress_name: "default".into(),
            egress: RateLimit::per_second(7),
            integration: RateLimit::per_second(7),
            account: RateLimit::per_second(50),
            strangers: RateLimit::per_second(1).with_burst(8),
            packages: BTreeMap::new(),
            share: LimitShare::WHOLE,
            jitter: Duration::from_secs(10),
            breaker: BreakerSettings {
                open_after_block: Duration::from_secs(4 * 3600),
                blocked_accounts_for_egress: 2,
                trial_spacing: Duration::from_secs(60),
                pauses: PeerPausePolicy::new(),
            },
        }
    }

    /// The name of the address that requests leave from. Processes with the same address use the
    /// same name; it matters only for a [`SharedBucket`](kommo_keeper::SharedBucket).
    pub fn egress_name(mut self, name: impl Into<String>) -> Self {
        self.egress_name = name.into().into();
        self
    }

    /// The part of the address's limit that strangers may use: exchanges of codes from install
    /// hooks, and from consents that are bound to no session of the application.
    pub const fn strangers(mut self, limit: RateLimit) -> Self {
        self.strangers = limit;
        self
    }

    /// The limit of all requests from one address.
    pub const fn egress(mut self, limit: RateLimit) -> Self {
        self.egress = limit;
        self
    }

    /// The limit of one integration in one account.
    pub const fn integration(mut self, limit: RateLimit) -> Self {
        self.integration = limit;
        self
    }

    /// The limit of one account.
    pub const fn account(mut self, limit: RateLimit) -> Self {
        self.account = limit;
        self
    }

    /// The limits of one account that has paid for a larger package.
    pub fn package(
        mut self,
        host: AccountHost,
        account: RateLimit,
        integration: RateLimit,
    ) -> Self {
        let package = Package {
            account,
            integration,
        };
        self.packages.insert(host, package);
        self
    }

    /// The part of every limit that belongs to this process.
    pub const fn share(mut self, share: LimitShare) -> Self {
        self.share = share;
        self
    }

    /// The pause after a 429 that names none; up to `jitter` comes on top.
    pub const fn pause_without_word(mut self, pause: Duration, jitter: Duration) -> Self {
        self.breaker.pauses.unnamed = pause;
        self.jitter = jitter;
        self
    }

    /// The longest pause that a 429 can ask for.
    pub const fn longest_pause(mut self, longest: Duration) -> Self {
        self.breaker.pauses.named_at_most = longest;
        self
    }

    /// The shortest pause after a 429, whatever it asks for.
    pub const fn shortest_pause(mut self, shortest: Duration) -> Self {
        self.breaker.pauses.floor = shortest;
        self
    }

    /// How long the breaker stays open after a block.
    pub const fn open_after_block(mut self, length: Duration) -> Self {
        self.breaker.open_after_block = length;
        self
    }

    /// How many 429s in a row open the breaker, and for how long at least. 0 counts as 1.
    pub const fn open_after_throttles(mut self, in_a_row: u32, length: Duration) -> Self {
        self.breaker.pauses.hold_after = in_a_row;
        self.breaker.pauses.hold_at_least = length;
        self
    }

    /// How many accounts must be blocked at a time for the address to be suspected. Only those
    /// count that worked recently. All accounts are stopped if another one that worked is blocked
    /// then. 1 stops all at once, without that trial.
    pub const fn blocked_accounts_for_egress(mut self, accounts: u32) -> Self {
        self.breaker.blocked_accounts_for_egress = accounts;
        self
    }
}

impl Default for BudgetSettings {
    fn default() -> Self {
        Self::new()
    }
}
