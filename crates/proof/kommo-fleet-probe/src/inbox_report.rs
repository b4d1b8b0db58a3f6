//! The figures of a drive at an inbox.

use core::fmt;

use crate::ledger::Judgement;
use crate::trouble::TroubleKind;

/// The figures of a drive at an inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxReport {
    /// Names the drive's choices.
    pub seed: u64,
    /// What befell the database.
    pub trouble: Option<TroubleKind>,
    /// Processes killed by SIGKILL.
    pub killed: u64,
    /// Processes that were asked to end by SIGTERM.
    pub terminated: u64,
    /// Workers that were stopped for longer than a lease.
    pub stopped: u64,
    /// How often the database failed.
    pub failures: u64,
    /// Of those, how often the fault took effect.
    pub met: u64,
    /// Requests with a hook in them.
    pub sent: u64,
    /// Of those, how many were answered otherwise than 200.
    pub refused: u64,
    /// Of those, how many had no answer.
    pub without_answer: u64,
    /// Hooks that were answered 200.
    pub answered: u64,
    /// What the handlers did.
    pub(crate) judgement: Judgement,
}

impl InboxReport {
    /// Whether every promise was kept.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        let judgement = &self.judgement;
        let flaws = judgement.lost + judgement.out_of_order + judgement.settled_late;
        flaws + judgement.twice == 0
    }

    /// Hooks that were answered 200 and never handled.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.judgement.lost
    }

    /// Attempts that were begun beside those that handled a hook.
    #[must_use]
    pub const fn repeated_attempts(&self) -> u64 {
        self.judgement
            .attempts
            .saturating_sub(self.judgement.handled)
    }
}

impl fmt::Display for InboxReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trouble = self.trouble.map_or("none", TroubleKind::name);
        writeln!(f, "{:<52}{trouble:>20}", "trouble of the database")?;
        let judged = &self.judgement;
        for (what, count) in [
            ("seed", self.seed),
            ("processes killed", self.killed),
            ("processes ended by SIGTERM", self.terminated),
            ("workers stopped for longer than a lease", self.stopped),
            ("failures of the database", self.failures),
            ("  of them met", self.met),
            ("requests with a hook", self.sent),
            ("  of them refused", self.refused),
            ("  of them without an answer", self.without_answer),
            ("hooks answered 200", self.answered),
            ("hooks handled", judged.handled),
            ("attempts begun", judged.attempts),
            (
                "attempts of workers that were too late",
                judged.late_attempts,
            ),
            ("hooks lost", judged.lost),
            ("hooks out of order", judged.out_of_order),
            ("hooks settled after the lease", judged.settled_late),
            ("hooks that were two entries", judged.twice),
        ] {
            writeln!(f, "{what:<52}{count:>20}")?;
        }
        match &judged.evidence {
            Some(lines) => writeln!(f, "{lines}"),
            None => Ok(()),
        }
    }
}
