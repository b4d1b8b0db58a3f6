//! The whole world at one instant, and the rules that are checked whenever it changes.

extern crate alloc;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{AttemptId, Grant, GrantState, Revision, UnsavedPair};

use crate::action::Action;
use crate::broken::Rule;
use crate::budget::Budget;
use crate::pair_text::{held_by, id_of_pair, id_of_unsaved, pair};
use crate::platform::{PairId, Platform};
use crate::seen::Seen;
use crate::setup::{BEGINNING, Mutation, Setup};
use crate::shared::Shared;
use crate::worker::{Request, Run, Standing, Worker};

/// Everything there is, with one grant in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub(crate) platform: Shared<Platform>,
    /// None once the account was erased.
    pub(crate) record: Option<Shared<Grant>>,
    /// The record before the last write. Kept for one mutation only.
    pub(crate) forgotten: Option<Shared<Grant>>,
    /// One per machine: files that outlive a crash.
    pub(crate) lifeboats: Vec<Shared<Vec<UnsavedPair>>>,
    pub(crate) workers: Vec<Shared<Worker>>,
    /// Requests whose senders no longer wait.
    pub(crate) late: Vec<Request>,
    pub(crate) seen: Shared<Seen>,
    pub(crate) left: Budget,
    pub(crate) now: UnixSeconds,
}

/// Why a pair may be gone after a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excuse {
    None,
    /// A worker crashed with it.
    Crash,
    /// A consent replaced it.
    Consent,
    /// A refresh succeeded that shows that it is not needed.
    Write,
}

impl World {
    /// A grant right after its consent, with no worker at work.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let mut platform = Platform::new(setup.reading, setup.home);
        let first = platform.consent();
        let tokens = pair(first, setup.has_api_domain, BEGINNING);
        let mut grant = Grant::consent(None, setup.key, setup.home, Some(true), tokens).grant;
        grant.revision = Revision::NOT_STORED.next();
        let worker = |index| {
            Shared::new(Worker {
                machine: index % setup.machines.max(1),
                standing: Standing::Without,
                own_hold: None,
                run: None,
            })
        };
        let lifeboats = if setup.has_lifeboat {
            setup.machines
        } else {
            0
        };
        let mut seen = Seen::default();
        seen.durable.insert(first);
        seen.received.insert(first);
        Self {
            platform: Shared::new(platform),
            record: Some(Shared::new(grant)),
            forgotten: None,
            lifeboats: (0..lifeboats).map(|_| Shared::new(Vec::new())).collect(),
            workers: (0..setup.workers).map(worker).collect(),
            late: Vec::new(),
            seen: Shared::new(seen),
            left: setup.budget,
            now: BEGINNING,
        }
    }

    /// Does one step.
    pub fn act(&mut self, setup: &Setup, action: Action) {
        match action {
            Action::Begin(worker, ask) => self.begin(setup, worker, ask),
            Action::Step(worker, fate) => self.step(setup, worker, fate),
            Action::Arrive(worker, answering) => self.arrive(setup, worker, answering),
            Action::GiveUp(worker) => self.give_up(setup, worker),
            Action::ArriveLate(which) => self.arrive_late(which),
            Action::Crash {
                worker,
                request_stays,
            } => self.crash(setup, worker, request_stays),
            Action::LoseLock(worker) => self.lose_lock(worker),
            Action::Leave(worker) => self.leave(worker),
            Action::Stop(worker) => self.stop(worker),
            Action::Call(id) => self.call(id),
            Action::Consent => self.consent(setup),
            Action::Move => self.move_account(setup),
            Action::Erase => self.erase(),
            Action::PassTime => self.pass_time(),
        }
    }

    /// What broke first, if anything did.
    #[must_use]
    pub fn broken(&self) -> Option<Rule> {
        self.seen.broken
    }

    /// Whether no worker is at work.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.workers.iter().all(|worker| worker.run.is_none())
    }

    /// The stored record, if there is one.
    pub(crate) fn grant(&self) -> Option<&Grant> {
        self.record.as_deref()
    }

    /// The state of the stored record.
    pub(crate) fn state(&self) -> Option<&GrantState> {
        self.grant().map(|grant| &grant.state)
    }

    pub(crate) fn run(&self, worker: usize) -> Option<&Run> {
        self.workers.get(worker)?.run.as_ref()
    }

    pub(crate) fn run_mut(&mut self, worker: usize) -> Option<&mut Run> {
        self.workers.get_mut(worker)?.change().run.as_mut()
    }

    pub(crate) fn broke(&mut self, rule: Rule) {
        if self.seen.broken.is_none() {
            self.seen.change().broke(rule);
        }
    }

    /// Writes a record in place of the revision that it names; `None` if that is not there any
    /// more.
    pub(crate) fn write(
        &mut self,
        setup: &Setup,
        grant: &Grant,
        excuse: Excuse,
    ) -> Option<Revision> {
        let before = self.record.clone()?;
        if setup.mutation != Mutation::NoFence && grant.revision != before.revision {
            return None;
        }
        if grant.generation < before.generation {
            self.broke(Rule::GenerationWentBack);
        }
        let revision = self.fresh_revision(setup);
        if setup.mutation == Mutation::LastWriteForgotten {
            self.forgotten = Some(before.clone());
        }
        let mut grant = grant.clone();
        grant.revision = revision;
        match setup.mutation {
            Mutation::SparesDropped => forget_spares(&mut grant),
            Mutation::LateSpareNotRevived => stay_ended(&before, &mut grant),
            _ => {}
        }
        self.note_durable(&grant);
        if matches!(grant.state, GrantState::ReauthRequired(_)) {
            self.note_end(setup, &grant);
        }
        self.record = Some(Shared::new(grant));
        self.note_dropped(&before, excuse);
        Some(revision)
    }

    /// Writes the first record of a grant.
    pub(crate) fn insert(&mut self, mut grant: Grant) {
        grant.revision = Revision::NOT_STORED.next();
        self.note_durable(&grant);
        self.record = Some(Shared::new(grant));
    }

    fn note_durable(&mut self, grant: &Grant) {
        let is_over = matches!(grant.state, GrantState::ReauthRequired(_));
        for held in held_by(grant) {
            let id = id_of_pair(held);
            if (held.refused || is_over) && self.platform.honours(id) {
                self.broke(Rule::LivingPairCalledDead);
            }
            if self.seen.erased.contains(&self.platform.root(id)) {
                self.broke(Rule::ErasedCameBack);
            }
            if !self.seen.durable.contains(&id) {
                self.seen.change().durable.insert(id);
            }
        }
    }

    /// No new consent is asked for while a living pair is about to be saved by a worker that is
    /// within its request limit, whether or not that worker has its lock. A worker that was stopped
    /// for longer may be too late, and its pair still ends that state.
    fn note_end(&mut self, setup: &Setup, grant: &Grant) {
        let limit = setup.policy.request_limit;
        let runs = self.workers.iter().filter_map(|worker| worker.run.as_ref());
        let mut on_their_way = runs.filter_map(|run| {
            let recorded = run.recorded?;
            let is_timely = recorded.at.until(self.now) < limit;
            let is_of_this = recorded.generation == grant.generation;
            let id = run.protocol.unsaved().map(id_of_unsaved)?;
            (is_timely && is_of_this).then_some(id)
        });
        if on_their_way.any(|id| self.platform.honours(id)) {
            self.broke(Rule::LivingPairOnItsWay);
        }
    }

    /// A pair that a write drops for a reason need not be held any more, even if there is still a
    /// copy.
    fn note_dropped(&mut self, before: &Grant, excuse: Excuse) {
        let after: Vec<PairId> = self.held().collect();
        let dropped = held_by(before).map(id_of_pair);
        for id in dropped.filter(|id| !after.contains(id)) {
            if self.is_excused(id, excuse) && self.seen.received.contains(&id) {
                self.seen.change().received.remove(&id);
            }
        }
    }

    /// A revision that is not in use.
    fn fresh_revision(&self, setup: &Setup) -> Revision {
        let stored = self.grant().map(|grant| grant.revision);
        if setup.counts_on {
            return stored.unwrap_or(Revision::NOT_STORED).next();
        }
        let runs = self.workers.iter().filter_map(|worker| worker.run.as_ref());
        let held: Vec<Revision> = runs.map(|run| run.revision).chain(stored).collect();
        let mut revision = Revision::NOT_STORED.next();
        while held.contains(&revision) {
            revision = revision.next();
        }
        revision
    }

    /// A name for attempts that nothing refers to.
    pub(crate) fn fresh_slot(&self) -> u64 {
        let runs = self.workers.iter().filter_map(|worker| worker.run.as_ref());
        let boats = self.lifeboats.iter().flat_map(|boat| boat.iter());
        let mut taken: Vec<u64> = runs
            .map(|run| run.slot)
            .chain(boats.map(|unsaved| slot_of(unsaved.attempt)))
            .collect();
        if let Some(GrantState::Refreshing(refreshing)) = self.state() {
            taken.push(slot_of(refreshing.attempt.id));
        }
        let mut slot = 1;
        while taken.contains(&slot) {
            slot += 1;
        }
        slot
    }

    /// I6: every valid pair that was received is in the store, in a lifeboat, or in a worker's
    /// memory; else there is a reason for it.
    pub(crate) fn account_for_pairs(&mut self, excuse: Excuse) {
        let mut gone = BTreeSet::new();
        let kept = self.kept();
        for id in &self.seen.received {
            let is_living = self.platform.honours(*id);
            if is_living && !kept.contains(id) && !self.is_excused(*id, excuse) {
                return self.broke(Rule::PairThrownAway);
            }
            if !is_living || !kept.contains(id) {
                gone.insert(*id);
            }
        }
        if !gone.is_empty() {
            self.seen.change().received.retain(|id| !gone.contains(id));
        }
    }

    /// After a refresh, the pair that was used and the siblings of the new one are still needed: it
    /// is unknown whether the platform honours the new one. The others that came before the new one
    /// are not.
    fn is_excused(&self, id: PairId, excuse: Excuse) -> bool {
        if self.seen.erased.contains(&self.platform.root(id)) {
            return true;
        }
        match excuse {
            Excuse::None => false,
            Excuse::Crash | Excuse::Consent => true,
            Excuse::Write => {
                let newest = self.newest();
                let used = self.platform.parent(newest);
                id < newest && used != Some(id) && used != self.platform.parent(id)
            }
        }
    }

    /// The newest pair.
    pub(crate) fn newest(&self) -> PairId {
        let pairs = self.state().and_then(GrantState::pairs);
        pairs.map_or(0, |pairs| id_of_pair(pairs.newest()))
    }

    /// The pairs that outlive every worker.
    pub(crate) fn known(&self) -> Vec<PairId> {
        let boats = self.lifeboats.iter().flat_map(|boat| boat.iter());
        self.held().chain(boats.map(id_of_unsaved)).collect()
    }

    /// The pairs of the record.
    pub(crate) fn held(&self) -> impl Iterator<Item = PairId> {
        self.grant().into_iter().flat_map(held_by).map(id_of_pair)
    }

    /// The pairs in workers' memory or in a lifeboat.
    pub(crate) fn unsaved(&self) -> impl Iterator<Item = &UnsavedPair> {
        let runs = self.workers.iter().filter_map(|worker| worker.run.as_ref());
        let in_hands = runs.filter_map(|run| run.protocol.unsaved());
        let boats = self.lifeboats.iter().flat_map(|boat| boat.iter());
        in_hands.chain(boats)
    }

    fn kept(&self) -> Vec<PairId> {
        self.held()
            .chain(self.unsaved().map(id_of_unsaved))
            .collect()
    }
}

/// Which run made this name: its upper half.
pub(crate) fn slot_of(attempt: AttemptId) -> u64 {
    u64::try_from(u128::from_be_bytes(*attempt.as_bytes()) >> 64).unwrap_or(u64::MAX)
}

/// What a store without spares would keep.
fn forget_spares(grant: &mut Grant) {
    let (key, host) = (grant.key, grant.host);
    let newest = grant.state.pairs().map(|pairs| pairs.newest().pair.clone());
    let (Some(newest), GrantState::Active(active)) = (newest, &mut grant.state) else {
        return;
    };
    let made = Grant::consent(None, key, host, None, newest).grant;
    if let GrantState::Active(fresh) = made.state {
        active.pairs = fresh.pairs;
    }
}

/// What a store would keep if a late spare revived nothing.
fn stay_ended(before: &Grant, grant: &mut Grant) {
    if let (GrantState::ReauthRequired(ended), GrantState::InDoubt(in_doubt)) =
        (&before.state, &grant.state)
    {
        let mut ended = ended.clone();
        ended.pairs = in_doubt.pairs.clone();
        grant.state = GrantState::ReauthRequired(ended);
    }
}
