//! Counters, by name. No label has a secret, a key or an account in it.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Counter {
    /// New pairs that this process received and saved.
    Refreshes,
    /// Times that another worker's pair was found in the store, and no request was sent.
    Adoptions,
    /// Attempts whose outcome is unknown.
    Doubts,
    /// Attempts that were certainly not sent.
    Unreachable,
    /// Attempts that ended in a hold.
    Holds,
    /// Grants that need a new consent, or a new long-lived token.
    Ends,
    /// Pairs that could not be saved at once.
    Unsaved,
    /// Runs that found the lock held by another worker.
    Busy,
    /// Runs in which the store failed.
    StoreFailures,
    /// Access tokens that were probed after a 401 or a disconnect hook.
    Probes,
    /// Codes that became grants.
    CodesExchanged,
    /// Codes that the platform refused.
    CodesRefused,
    /// Codes whose exchanges were not answered.
    CodesLost,
    /// Codes that grew too old while they waited.
    CodesExpired,
    /// Codes whose account was erased during the exchange.
    CodesErased,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Refreshes,
        Self::Adoptions,
        Self::Doubts,
        Self::Unreachable,
        Self::Holds,
        Self::Ends,
        Self::Unsaved,
        Self::Busy,
        Self::StoreFailures,
        Self::Probes,
        Self::CodesExchanged,
        Self::CodesRefused,
        Self::CodesLost,
        Self::CodesExpired,
        Self::CodesErased,
    ];

    /// The name of the metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refreshes => "kommo_keeper_refreshes_total",
            Self::Adoptions => "kommo_keeper_adoptions_total",
            Self::Doubts => "kommo_keeper_doubts_total",
            Self::Unreachable => "kommo_keeper_unreachable_total",
            Self::Holds => "kommo_keeper_holds_total",
            Self::Ends => "kommo_keeper_ends_total",
            Self::Unsaved => "kommo_keeper_unsaved_total",
            Self::Busy => "kommo_keeper_busy_total",
            Self::StoreFailures => "kommo_keeper_store_failures_total",
            Self::Probes => "kommo_keeper_probes_total",
            Self::CodesExchanged => "kommo_keeper_codes_exchanged_total",
            Self::CodesRefused => "kommo_keeper_codes_refused_total",
            Self::CodesLost => "kommo_keeper_codes_lost_total",
            Self::CodesExpired => "kommo_keeper_codes_expired_total",
            Self::CodesErased => "kommo_keeper_codes_erased_total",
        }
    }

    /// What it counts.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Refreshes => "New pairs that this process received and saved.",
            Self::Adoptions => "Pairs of other workers found in the store, without a request.",
            Self::Doubts => "Attempts whose outcome is unknown.",
            Self::Unreachable => "Attempts that were certainly not sent.",
            Self::Holds => "Attempts that ended in a hold.",
            Self::Ends => "Grants that need a new consent or token.",
            Self::Unsaved => "Pairs that could not be saved at once.",
            Self::Busy => "Runs that found the lock held by another worker.",
            Self::StoreFailures => "Runs in which the store failed.",
            Self::Probes => "Access tokens probed after a 401 or a disconnect hook.",
            Self::CodesExchanged => "Codes that became grants.",
            Self::CodesRefused => "Codes that the platform refused.",
            Self::CodesLost => "Codes whose exchanges were not answered.",
            Self::CodesExpired => "Codes that grew too old while they waited.",
            Self::CodesErased => "Codes whose account was erased during the exchange.",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// What the keeper has counted since it was built. `Display` writes the text format of Prometheus.
#[derive(Debug, Default)]
pub struct Metrics {
    counts: [AtomicU64; Counter::ALL.len()],
}

impl Metrics {
    /// The count.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.counts
            .get(counter.index())
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn add(&self, counter: Counter) {
        if let Some(count) = self.counts.get(counter.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for counter in Counter::ALL {
            let (name, help) = (counter.name(), counter.help());
            writeln!(f, "# HELP {name} {help}")?;
            writeln!(f, "# TYPE {name} counter")?;
            writeln!(f, "{name} {}", self.get(counter))?;
        }
        Ok(())
    }
}
