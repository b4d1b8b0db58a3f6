//! The journal: what came, what became of it, and why. It holds the latest 1000 requests and no
//! secret.

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::state::explainer::Explanation;

/// How many entries are kept.
const CAPACITY: usize = 1000;

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JournalEntry {
    /// Counts from 1, without gaps.
    pub id: u64,
    /// The virtual clock, in Unix seconds, without a fault's skew.
    pub at: u64,
    /// Whether the request came in or went out.
    pub direction: Direction,
    /// The method as received.
    pub method: String,
    /// Path and query as received; secrets of the sandbox are masked, and what is longer than 2048
    /// bytes is cut.
    pub target: String,
    /// The status that was answered; `None` if the connection was cut.
    pub status: Option<u16>,
    /// What became of it.
    pub verdict: Verdict,
    /// The rule of `docs/protocol.md` that it met or broke.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<Detail>,
}

/// Which way a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Direction {
    /// To the sandbox.
    In,
    /// From the sandbox.
    Out,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// It was in order and carried out.
    Accepted,
    /// It broke a rule.
    Refused,
    /// A fault replaced the answer.
    Fault,
}

/// Why a request was answered as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Detail {
    /// A stable code, for example `date-stale`, `connected`, or the name of a fault.
    pub code: String,
    /// One sentence.
    pub reason: String,
    /// The faults that the request met, the stale clock included.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub faults: Vec<String>,
    /// The headers that matter to the verdict; `X-Signature` only as its length.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The length of the body in bytes.
    #[serde(default)]
    pub body_bytes: usize,
    /// What the [`Explainer`](crate::Explainer) found, if there is one and the request was refused.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub explanations: Vec<Explanation>,
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<JournalEntry>,
    latest_id: u64,
}

impl Journal {
    /// Keeps an entry, sets its id, and drops the oldest one if there are too many.
    pub(crate) fn push(&mut self, entry: JournalEntry) {
        self.latest_id += 1;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(JournalEntry {
            id: self.latest_id,
            ..entry
        });
    }

    pub(crate) fn after(&self, id: u64) -> Vec<JournalEntry> {
        self.entries
            .iter()
            .filter(|entry| entry.id > id)
            .cloned()
            .collect()
    }
}
