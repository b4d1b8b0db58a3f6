//! The figures of calls and consents, or of proven hooks, without and with a stranger.

use core::fmt;
use core::time::Duration;

use crate::process_figures::Memory;

/// At least this part of the rate without the stranger.
const RATE_AT_LEAST: f64 = 0.9;
/// At most this many times the latency without the stranger.
const LATENCY_AT_MOST: f64 = 2.0;
/// The most that memory grows from the first phase to the last.
const MIB_MORE_AT_MOST: u64 = 32;
/// The most that the store has: it is bounded by the codes that it takes.
const STORE_MIB_AT_MOST: u64 = 64;

const MIB: u64 = 1024;

/// What the stranger does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stranger {
    /// Sends install hooks.
    Hooks,
    /// Begins consents and finishes them, without a session of the application.
    Consents,
    /// Sends forged chat hooks. Calls are then proven chat hooks.
    ChatHooks,
    /// Floods the address of one account with unsigned hooks. Calls are then proven chat hooks.
    CrmHooks,
}

impl Stranger {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Hooks, Self::Consents, Self::ChatHooks, Self::CrmHooks];

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|stranger| stranger.name() == name)
    }

    /// Whether what it disturbs is hooks that arrive.
    #[must_use]
    pub const fn floods_hooks(self) -> bool {
        matches!(self, Self::ChatHooks | Self::CrmHooks)
    }

    /// The percentiles of the latency that are compared.
    const fn latencies(self) -> [usize; 2] {
        if self.floods_hooks() {
            [50, 99]
        } else {
            [50, 95]
        }
    }

    /// The most of its works that may be taken, if that is a goal.
    const fn taken_at_most(self) -> Option<u64> {
        match self {
            Self::ChatHooks => Some(0),
            // What waits in the inbox of one account (`InboxSettings::unsigned_at_most`).
            Self::CrmHooks => Some(1_000),
            Self::Hooks | Self::Consents => None,
        }
    }

    /// As the option names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hooks => "hooks",
            Self::Consents => "consents",
            Self::ChatHooks => "chat-hooks",
            Self::CrmHooks => "crm-hooks",
        }
    }
}

/// What happened in one phase.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    pub(crate) elapsed: Duration,
    pub(crate) calls: Vec<Duration>,
    pub(crate) failed_calls: u64,
    pub(crate) consents: Vec<Duration>,
    pub(crate) failed_consents: u64,
    pub(crate) taken: u64,
    pub(crate) turned_away: u64,
    pub(crate) memory: Memory,
}

/// All phases of one kind.
#[derive(Debug, Default)]
struct Half {
    elapsed: Duration,
    calls: Vec<Duration>,
    failed_calls: u64,
    consents: Vec<Duration>,
    failed_consents: u64,
    taken: u64,
    turned_away: u64,
}

impl Half {
    fn add(&mut self, phase: &Phase) {
        self.elapsed += phase.elapsed;
        self.calls.extend(&phase.calls);
        self.calls.sort_unstable();
        self.failed_calls += phase.failed_calls;
        self.consents.extend(&phase.consents);
        self.consents.sort_unstable();
        self.failed_consents += phase.failed_consents;
        self.taken += phase.taken;
        self.turned_away += phase.turned_away;
    }

    fn rate(&self) -> f64 {
        #[allow(
            clippy::cast_precision_loss,
            reason = "there are far fewer than 2^52 calls"
        )]
        let calls = self.calls.len() as f64;
        calls / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// The value that this percentage of them does not exceed.
fn percentile(sorted: &[Duration], hundredths: usize) -> Duration {
    let place = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

fn ratio(hostile: Duration, quiet: Duration) -> f64 {
    hostile.as_secs_f64() / quiet.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Both halves.
#[derive(Debug)]
#[non_exhaustive]
pub struct HostileReport {
    stranger: Stranger,
    a_second: u32,
    quiet: Half,
    hostile: Half,
    first_kib: Option<u64>,
    last_kib: u64,
    /// The database with its log, at the end.
    pub store_bytes: u64,
    /// The codes that the platform refused, at the end: those of the stranger.
    pub refused_codes: u64,
}

impl HostileReport {
    pub(crate) fn new(stranger: Stranger, a_second: u32) -> Self {
        Self {
            stranger,
            a_second,
            quiet: Half::default(),
            hostile: Half::default(),
            first_kib: None,
            last_kib: 0,
            store_bytes: 0,
            refused_codes: 0,
        }
    }

    /// What the stranger sent: how many were taken, and how many turned away.
    #[must_use]
    pub const fn strangers_works(&self) -> (u64, u64) {
        (self.hostile.taken, self.hostile.turned_away)
    }

    /// The calls and the consents of users that succeeded beside the stranger, and those that
    /// failed.
    #[must_use]
    pub fn users_works(&self) -> (usize, usize, u64) {
        let half = &self.hostile;
        let failed = half.failed_calls.saturating_add(half.failed_consents);
        (half.calls.len(), half.consents.len(), failed)
    }

    pub(crate) fn add(&mut self, is_hostile: bool, phase: Phase) {
        self.first_kib.get_or_insert(phase.memory.now_kib);
        self.last_kib = phase.memory.now_kib;
        match is_hostile {
            true => self.hostile.add(&phase),
            false => self.quiet.add(&phase),
        }
    }

    /// The rate of calls with the stranger, as a part of that without.
    #[must_use]
    pub fn rate_ratio(&self) -> f64 {
        self.hostile.rate() / self.quiet.rate().max(f64::MIN_POSITIVE)
    }

    /// The goals that were missed, a sentence each.
    #[must_use]
    pub fn missed_goals(&self) -> Vec<String> {
        let calls = self.stranger.latencies().map(|part| {
            let of = |half: &Half| percentile(&half.calls, part);
            let ratio = ratio(of(&self.hostile), of(&self.quiet));
            let sentence = format!("calls: {ratio:.2} times the latency at {part} of a hundred");
            (ratio <= LATENCY_AT_MOST, sentence)
        });
        let consents = {
            let of = |half: &Half| percentile(&half.consents, 50);
            let ratio = ratio(of(&self.hostile), of(&self.quiet));
            let sentence = format!("consents: {ratio:.2} times the latency");
            (ratio <= LATENCY_AT_MOST, sentence)
        };
        let first = self.first_kib.unwrap_or_default();
        let failed = self.hostile.failed_calls + self.hostile.failed_consents;
        let goals = [
            (
                self.rate_ratio() >= RATE_AT_LEAST,
                format!("calls: {:.2} of the rate", self.rate_ratio()),
            ),
            (failed == 0, format!("{failed} calls and consents failed")),
            (
                self.last_kib <= first + MIB_MORE_AT_MOST * MIB,
                format!("memory grew from {first} to {} KiB", self.last_kib),
            ),
            (
                self.store_bytes <= STORE_MIB_AT_MOST * MIB * MIB,
                format!("the store has {} bytes", self.store_bytes),
            ),
            (
                self.stranger
                    .taken_at_most()
                    .is_none_or(|most| self.hostile.taken <= most),
                format!("{} of the stranger's hooks were taken", self.hostile.taken),
            ),
            consents,
        ];
        let missed = goals.into_iter().chain(calls).filter(|(is_met, _)| !is_met);
        missed.map(|(_, sentence)| sentence).collect()
    }
}

impl fmt::Display for HostileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "             calls/s   p50 ms   p95 ms   p99 ms   failed   consents   p50 ms   failed        taken   turned away"
        )?;
        row(f, "quiet", &self.quiet)?;
        row(f, self.stranger.name(), &self.hostile)?;
        writeln!(
            f,
            "{} {} a second: {:.2} of the rate of calls, {:.2} of their latency; memory from {} to {} MiB; store {} KiB",
            self.a_second,
            self.stranger.name(),
            self.rate_ratio(),
            ratio(
                percentile(&self.hostile.calls, 50),
                percentile(&self.quiet.calls, 50)
            ),
            self.first_kib.unwrap_or_default() / MIB,
            self.last_kib / MIB,
            self.store_bytes / MIB,
        )
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, half: &Half) -> fmt::Result {
    writeln!(
        f,
        "{name:>10}   {:>7.2}   {:>6}   {:>6}   {:>6}   {:>6}   {:>8}   {:>6}   {:>6}   {:>10}   {:>11}",
        half.rate(),
        percentile(&half.calls, 50).as_millis(),
        percentile(&half.calls, 95).as_millis(),
        percentile(&half.calls, 99).as_millis(),
        half.failed_calls,
        half.consents.len(),
        percentile(&half.consents, 50).as_millis(),
        half.failed_consents,
        half.taken,
        half.turned_away,
    )
}
