//! The answer: would it be accepted, and if not, why.

use alloc::vec::Vec;

use crate::answer::finding::Finding;

/// Whether something would be accepted, and everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    accepted: bool,
    findings: Vec<Finding>,
    macs_tried: usize,
}

impl Explanation {
    /// Findings that say the same are kept once.
    pub(crate) fn new(accepted: bool, findings: Vec<Finding>, macs_tried: usize) -> Self {
        let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
        for finding in findings {
            if !kept.contains(&finding) {
                kept.push(finding);
            }
        }
        Self {
            accepted,
            findings: kept,
            macs_tried,
        }
    }

    /// Whether it would be accepted.
    #[must_use]
    pub const fn accepted(&self) -> bool {
        self.accepted
    }

    /// What was found, the signature's own troubles first.
    ///
    /// Never empty if it would not be accepted. What would be accepted has none, with one
    /// exception: a request without `Content-Type` or `Content-MD5` whose lines were signed empty
    /// fits rule S8, but it is not known whether the live server admits it, so `header-missing` is
    /// here as a warning.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many MACs were computed for this answer: at most [`MACS_MAX`](crate::MACS_MAX).
    #[must_use]
    pub const fn macs_tried(&self) -> usize {
        self.macs_tried
    }
}
