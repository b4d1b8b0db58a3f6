//! The figures of the sweep and of the bare loop, side by side.

use core::fmt;
use core::time::Duration;

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
    /// The largest worker's memory over the run: at a tenth of the time, in the middle, and at the end.
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
