//! The journal: what came, what became of it, and why. It holds the latest 1000 requests. Entries
//! have no secret; the requests themselves are kept beside them as they came.

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::faults::surface::Surface;
use crate::state::explainer::Explanation;
use crate::state::wire_record::WireRecord;

/// How many entries are kept.
const CAPACITY: usize = 1000;

/// How much memory the requests and answers of all entries may take: 32 MiB. The oldest go first;
/// their entries stay.
const RECORDS_BYTES: usize = 32 * 1024 * 1024;

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
    /// The part of the platform that it belongs to; `hook` for what the sandbox sent, and `None`
    /// for the consent page and for what belongs nowhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub surface: Option<Surface>,
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
    kept: VecDeque<Kept>,
    latest_id: u64,
    records_bytes: usize,
}

#[derive(Debug)]
struct Kept {
    entry: JournalEntry,
    record: Option<WireRecord>,
}

impl Journal {
    /// Keeps an entry, sets its id, and drops the oldest one if there are too many.
    pub(crate) fn push(&mut self, entry: JournalEntry, record: WireRecord) {
        self.latest_id += 1;
        if self.kept.len() == CAPACITY
            && let Some(oldest) = self.kept.pop_front()
        {
            self.forget(oldest.record);
        }
        self.records_bytes += record.bytes();
        self.kept.push_back(Kept {
            entry: JournalEntry {
                id: self.latest_id,
                ..entry
            },
            record: Some(record),
        });
        self.make_room();
    }

    /// Drops the oldest records until the rest fit.
    fn make_room(&mut self) {
        let mut oldest = 0;
        while self.records_bytes > RECORDS_BYTES
            && let Some(kept) = self.kept.get_mut(oldest)
        {
            let record = kept.record.take();
            self.forget(record);
            oldest += 1;
        }
    }

    fn forget(&mut self, record: Option<WireRecord>) {
        let bytes = record.map_or(0, |record| record.bytes());
        self.records_bytes = self.records_bytes.saturating_sub(bytes);
    }

    pub(crate) fn after(&self, id: u64) -> Vec<JournalEntry> {
        let entries = self.kept.iter().map(|kept| &kept.entry);
        entries.filter(|entry| entry.id > id).cloned().collect()
    }

    /// The id of the newest entry, whether it is kept or not; 0 before the first.
    pub(crate) const fn latest_id(&self) -> u64 {
        self.latest_id
    }

    /// One entry, and its request and answer if they are still kept.
    pub(crate) fn find(&self, id: u64) -> Option<(JournalEntry, Option<WireRecord>)> {
        let first = self.kept.front()?.entry.id;
        let place = usize::try_from(id.checked_sub(first)?).ok()?;
        let kept = self.kept.get(place)?;
        Some((kept.entry.clone(), kept.record.clone()))
    }
}
