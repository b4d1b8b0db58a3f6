//! What a crash drive came to.

use core::fmt;

/// The figures of a drive. Every promise was checked on the way; these say how hard it was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrashReport {
    /// Names the drive's choices: the same seed makes the same ones, though not the same instants
    /// of the processes.
    pub seed: u64,
    /// Workers that were killed.
    pub kills: u64,
    /// Times that the clock was moved past the end of the tokens, or close to it.
    pub rounds: u64,
    /// Tokens that workers got.
    pub tokens: u64,
    /// Refreshes that the sandbox committed.
    pub refreshes: u64,
    /// Of those, second ones with the same refresh token; each is a declared retry.
    pub double_refreshes: u64,
    /// Attempts that were written down.
    pub attempts: u64,
    /// Of those, retries of an attempt in doubt.
    pub declared_retries: u64,
    /// Grants that came to need a new consent: the server had committed, and the only answer died
    /// with its worker.
    pub lost: u64,
    /// Rounds without faults and kills until every worker had a living token for every grant.
    pub settled_after: u64,
}

impl CrashReport {
    /// Answers that were lost between the server's commit and our save, as far as the platform
    /// shows it: either the pair before still worked and was refreshed again, or the grant was
    /// lost.
    #[must_use]
    pub const fn between_commit_and_save(&self) -> u64 {
        self.double_refreshes + self.lost
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_effect = self
            .declared_retries
            .saturating_sub(self.between_commit_and_save());
        let rows = [
            ("seed", self.seed),
            ("kills", self.kills),
            ("rounds", self.rounds),
            ("tokens handed out", self.tokens),
            ("attempts written down", self.attempts),
            ("  of them declared retries", self.declared_retries),
            ("refreshes committed by the sandbox", self.refreshes),
            (
                "  of them double, each a declared retry",
                self.double_refreshes,
            ),
            (
                "answers lost after the commit (double or lost)",
                self.between_commit_and_save(),
            ),
            (
                "retries of attempts that had changed nothing",
                without_effect,
            ),
            ("grants lost, each with its evidence", self.lost),
            ("fault-free rounds until settled", self.settled_after),
        ];
        for (what, count) in rows {
            writeln!(f, "{what:<52}{count:>8}")?;
        }
        Ok(())
    }
}
