//! The figures of the sweep and of the bare loop, side by side.

use core::fmt;
use core::time::Duration;

/// At least this part of the bare loop's rate.
const RATIO_AT_LEAST: f64 = 0.7;
/// A grant among many costs at most this, measured by one of the first row.
const GROWTH_AT_MOST: f64 = 1.3;
/// The most memory of a worker.
const MIB_AT_MOST: u64 = 200;
/// Flat: from a tenth of the time to the end a worker's memory grows by no more.
const MIB_MORE_AT_MOST: u64 = 20;

/// What is printed when no goal was missed.
pub const GOALS_MET: &str = "\
goals met: at least 0.70 of the bare loop, cost of a grant at most 1.30 of the first row's, memory flat and below 200 MiB, \
none refreshed twice, none lost";

/// One run over all grants.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SweepRun {
    /// How many grants there were.
    pub grants: u64,
    /// From `go` until the last worker was done.
    pub elapsed: Duration,
    /// Refreshes that workers count.
    pub refreshed: u64,
    /// Refreshes that the sandbox committed.
    pub committed: u64,
    /// Second ones with the same refresh token.
    pub double_refreshes: u64,
    /// Grants that need a new consent, by the workers' and the sandbox's count.
    pub lost: u64,
    /// Grants that a worker put off; another look found them.
    pub later: u64,
    /// The most memory that a worker had, in KiB.
    pub peak_kib: u64,
    /// The largest worker's memory over the run: at a tenth of the time, in the middle, and at the
    /// end.
    pub memory_kib: [u64; 3],
    /// Processor time of all workers.
    pub workers_processor: Duration,
}

impl SweepRun {
    /// Refreshes in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        #[allow(
            clippy::cast_precision_loss,
            reason = "the numbers of grants are far below 2^52"
        )]
        let committed = self.committed as f64;
        committed / seconds.max(f64::MIN_POSITIVE)
    }

    /// Real time for one grant, in milliseconds.
    #[must_use]
    pub fn cost_ms(&self) -> f64 {
        1000.0 / self.rate()
    }

    /// Processor time of the workers for one grant, in milliseconds.
    #[must_use]
    pub fn processor_ms(&self) -> f64 {
        #[allow(
            clippy::cast_precision_loss,
            reason = "the numbers of grants are far below 2^52"
        )]
        let committed = self.committed as f64;
        self.workers_processor.as_secs_f64() * 1000.0 / committed.max(1.0)
    }
}

/// The sweep and the bare loop over the same number of grants.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SweepPair {
    /// `Keeper::sweep_once`.
    pub sweep: SweepRun,
    /// The same requests and commits.
    pub bare: SweepRun,
}

impl SweepPair {
    /// The sweep's rate as a part of the bare loop's.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.sweep.rate() / self.bare.rate()
    }

    /// The goals that this pair of runs missed, a sentence each. `growth` is the cost of a grant by
    /// that of the first row. Grants that were refreshed twice or lost have failed the run before.
    #[must_use]
    pub fn missed_goals(&self, growth: f64) -> Vec<String> {
        let grants = self.sweep.grants;
        let ratio = self.ratio();
        let [early, _, late] = self.sweep.memory_kib;
        let peak = self.sweep.peak_kib / MIB;
        let goals = [
            (
                ratio >= RATIO_AT_LEAST,
                format!("{grants} grants: {ratio:.2} of the bare loop's rate"),
            ),
            (
                growth <= GROWTH_AT_MOST,
                format!("{grants} grants: a grant costs {growth:.2} of the first row's"),
            ),
            (
                peak < MIB_AT_MOST,
                format!("{grants} grants: a worker had {peak} MiB"),
            ),
            (
                late <= early + MIB_MORE_AT_MOST * MIB,
                format!("{grants} grants: memory grew from {early} to {late} KiB"),
            ),
        ];
        let missed = goals.into_iter().filter(|(is_met, _)| !is_met);
        missed.map(|(_, sentence)| sentence).collect()
    }
}

const MIB: u64 = 1024;

/// Heads and rows of the table.
pub const HEAD: &str = "\
 grants   loop   refreshes/s   ms/grant   worker cpu ms   double   lost   later   peak MiB   MiB over time   ratio";

impl fmt::Display for SweepPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "sweep", &self.sweep)?;
        writeln!(f, "{:>8.2}", self.ratio())?;
        row(f, "bare", &self.bare)?;
        writeln!(f)
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, run: &SweepRun) -> fmt::Result {
    let [early, middle, late] = run.memory_kib.map(|kib| kib / MIB);
    write!(
        f,
        "{:>7}  {name:>5}   {:>11.0}   {:>8.2}   {:>13.2}   {:>6}   {:>4}   {:>5}   {:>8}   {:>13}",
        run.grants,
        run.rate(),
        run.cost_ms(),
        run.processor_ms(),
        run.double_refreshes,
        run.lost,
        run.later,
        run.peak_kib / MIB,
        format!("{early} {middle} {late}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: u64, memory_mib: [u64; 3]) -> SweepRun {
        let memory_kib = memory_mib.map(|mib| mib * MIB);
        SweepRun {
            grants: 1000,
            committed: 1000,
            elapsed: Duration::from_secs(seconds),
            peak_kib: memory_kib[2],
            memory_kib,
            ..SweepRun::default()
        }
    }

    fn missed(sweep: SweepRun, growth: f64) -> Vec<String> {
        let bare = run(7, [10, 10, 10]);
        SweepPair { sweep, bare }.missed_goals(growth)
    }

    #[test]
    fn each_goal_that_is_missed_is_named_alone() {
        assert_eq!(missed(run(10, [10, 11, 12]), 1.3), [""; 0]);
        assert_eq!(
            missed(run(11, [10, 11, 12]), 1.0),
            ["1000 grants: 0.64 of the bare loop's rate"]
        );
        assert_eq!(
            missed(run(10, [10, 11, 12]), 1.31),
            ["1000 grants: a grant costs 1.31 of the first row's"]
        );
        assert_eq!(
            missed(run(10, [200, 200, 200]), 1.0),
            ["1000 grants: a worker had 200 MiB"]
        );
        assert_eq!(
            missed(run(10, [10, 20, 31]), 1.0),
            ["1000 grants: memory grew from 10240 to 31744 KiB"]
        );
    }
}
