//! What the sandbox sent by itself, and what came back: the latest 1000.

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::config::hook_kind::HookKind;
use crate::wire::outgoing::{Outgoing, Unanswered};

/// How many are kept.
const CAPACITY: usize = 1000;

/// One hook that was sent, or is being sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Counts from 1, without gaps.
    pub id: u64,
    /// What was sent.
    pub kind: HookKind,
    /// The virtual clock at the beginning, in Unix seconds.
    pub at: u64,
    /// The method.
    pub method: String,
    /// The whole address; code and signature are masked.
    pub target: String,
    /// The account that it was about.
    pub account: Option<u64>,
    /// How far it came.
    pub outcome: DeliveryOutcome,
    /// The status that the receiver answered.
    pub status: Option<u16>,
}

/// How far a delivery came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// The answer is awaited.
    UnderWay,
    /// A status came.
    Answered,
    /// Nobody listened.
    NotConnected,
    /// The connection ended without an answer.
    Broken,
    /// No status came in time.
    TimedOut,
    /// A fault kept it back.
    NeverSent,
}

/// The latest deliveries, and the requests themselves, so that they can be sent again.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    kept: VecDeque<(Delivery, Outgoing)>,
    latest_id: u64,
}

impl Deliveries {
    /// Keeps a delivery that begins, and returns its id.
    pub(crate) fn begin(&mut self, delivery: Delivery, outgoing: Outgoing) -> u64 {
        self.latest_id += 1;
        if self.kept.len() == CAPACITY {
            self.kept.pop_front();
        }
        let delivery = Delivery {
            id: self.latest_id,
            ..delivery
        };
        self.kept.push_back((delivery, outgoing));
        self.latest_id
    }

    /// Writes down how a delivery ended; what it now says, if it is still kept.
    pub(crate) fn end(&mut self, id: u64, answer: Result<u16, Unanswered>) -> Option<Delivery> {
        let (delivery, _) = self.kept.iter_mut().find(|(kept, _)| kept.id == id)?;
        delivery.status = answer.ok();
        delivery.outcome = match answer {
            Ok(_) => DeliveryOutcome::Answered,
            Err(Unanswered::TimedOut) => DeliveryOutcome::TimedOut,
            Err(Unanswered::Broken) => DeliveryOutcome::Broken,
            Err(Unanswered::NeverSent) => DeliveryOutcome::NeverSent,
            Err(_) => DeliveryOutcome::NotConnected,
        };
        Some(delivery.clone())
    }

    /// The latest one of a kind that was sent, with its request.
    pub(crate) fn latest(&self, kind: HookKind) -> Option<(Delivery, Outgoing)> {
        let mut newest_first = self.kept.iter().rev();
        let was_sent = |kept: &Delivery| kept.outcome != DeliveryOutcome::NeverSent;
        newest_first
            .find(|(kept, _)| kept.kind == kind && was_sent(kept))
            .cloned()
    }

    /// Those with an id greater than `id`, oldest first.
    pub(crate) fn after(&self, id: u64) -> Vec<Delivery> {
        let newer = self.kept.iter().filter(|(kept, _)| kept.id > id);
        newer.map(|(delivery, _)| delivery.clone()).collect()
    }
}
