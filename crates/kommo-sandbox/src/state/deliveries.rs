//! What the sandbox sent by itself, and what came back: the latest 1000.

use alloc::collections::VecDeque;
use std::collections::HashMap;

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
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The delivery that it repeats: the first attempt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repeats: Option<u64>,
    /// When it is sent again, by the virtual clock.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_at: Option<u64>,
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
    under_way: usize,
    /// The delivery that is to be repeated, and when.
    waiting: HashMap<u64, u64>,
}

impl Deliveries {
    /// Keeps a delivery that begins, and returns its id.
    pub(crate) fn begin(&mut self, delivery: Delivery, outgoing: Outgoing) -> u64 {
        self.latest_id += 1;
        self.under_way += 1;
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

    /// Writes down how a delivery ended and when it is repeated; what it now says, if it is still
    /// kept.
    pub(crate) fn end(
        &mut self,
        id: u64,
        answer: Result<u16, Unanswered>,
        next_at: Option<u64>,
    ) -> Option<Delivery> {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(at) = next_at {
            self.waiting.insert(id, at);
        }
        let (delivery, _) = self.kept.iter_mut().find(|(kept, _)| kept.id == id)?;
        delivery.status = answer.ok();
        delivery.next_at = next_at;
        delivery.outcome = match answer {
            Ok(_) => DeliveryOutcome::Answered,
            Err(Unanswered::TimedOut) => DeliveryOutcome::TimedOut,
            Err(Unanswered::Broken) => DeliveryOutcome::Broken,
            Err(Unanswered::NeverSent) => DeliveryOutcome::NeverSent,
            Err(_) => DeliveryOutcome::NotConnected,
        };
        Some(delivery.clone())
    }

    /// The delivery with this id is repeated now, or never.
    pub(crate) fn stop_waiting(&mut self, id: u64) {
        self.waiting.remove(&id);
    }

    /// Whether nothing is under way, and nothing is due to be repeated.
    pub(crate) fn are_settled(&self, now: u64) -> bool {
        self.under_way == 0 && self.waiting.values().all(|at| *at > now)
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
