//! A worker carries out what its run says, as the keeper does.

use core::time::Duration;

use kommo_oauth::{
    AttemptId, Grant, GrantState, Located, OutOfTurn, RefreshPolicy, RefreshProtocol, SendOutcome,
    StoreTrouble, TokenAnswer, UnsavedPair, Want,
};

use crate::action::{Ask, Fate};
use crate::broken::Rule;
use crate::budget::Fault;
use crate::pair_text::pair;
use crate::platform::PairId;
use crate::setup::{Mutation, Setup};
use crate::shared::Shared;
use crate::task::{Task, recorded, task};
use crate::worker::{Reply, Request, Run, Waiting};
use crate::world::{Excuse, World};

/// The policy that runs have.
fn policy_of(setup: &Setup) -> RefreshPolicy {
    let mut policy = setup.policy.clone();
    if setup.mutation == Mutation::RevokedCountsAtOnce {
        policy.request_limit = Duration::ZERO;
        policy.request_margin = Duration::ZERO;
    }
    policy
}

impl World {
    pub(crate) fn begin(&mut self, setup: &Setup, worker: usize, ask: Ask) {
        let slot = self.fresh_slot();
        let generation = self.record.generation;
        let want = match ask {
            Ask::Newer => Want::newer_than(generation),
            Ask::ValidFor(seconds) | Ask::Due(seconds) => {
                Want::valid_for(Duration::from_secs(seconds))
            }
            Ask::InsteadOfRejected => Want::instead_of_rejected(generation),
            Ask::YoungerThan(seconds) => {
                Want::obtained_since(self.now.minus(Duration::from_secs(seconds)))
            }
        };
        let protocol = RefreshProtocol::new(
            setup.key,
            want,
            Setup::asker(self.machine_of(worker)),
            policy_of(setup),
            AttemptId::new((u128::from(slot) << 64).to_be_bytes()),
            setup.has_lifeboat,
        );
        let protocol = match ask {
            Ask::Due(_) => protocol.begin_at_lock(),
            _ => protocol,
        };
        let run = Run {
            protocol,
            waiting: Waiting::No,
            revision: self.record.revision,
            slot,
            recorded: None,
            has_room: false,
        };
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.change().run = Some(run);
            self.left.runs = self.left.runs.saturating_sub(1);
        }
    }

    pub(crate) fn step(&mut self, setup: &Setup, worker: usize, fate: Fate) {
        let Some(run) = self.run(worker) else {
            return self.broke(Rule::OutOfTurn);
        };
        match run.waiting {
            Waiting::Answered(reply) => self.deliver(setup, worker, reply),
            Waiting::Sent(_) => return self.broke(Rule::OutOfTurn),
            Waiting::No => {
                let task = task(&run.protocol);
                self.spend(&task, fate);
                self.perform(setup, worker, task, fate);
            }
        }
        self.rest(worker);
        self.account_for_pairs(Excuse::None);
    }

    const fn spend(&mut self, task: &Task, fate: Fate) {
        let fault = match task {
            _ if matches!(fate, Fate::Fine) => return,
            Task::ReadLifeboat
            | Task::ReserveLifeboat
            | Task::WriteLifeboat(_)
            | Task::DeleteLifeboat(_) => Fault::Lifeboat,
            Task::Send(_) | Task::LookUp => Fault::Network,
            _ => Fault::Store,
        };
        self.left.spend(fault);
    }

    fn perform(&mut self, setup: &Setup, worker: usize, task: Task, fate: Fate) {
        let now = self.now;
        let is_fine = fate == Fate::Fine;
        match task {
            Task::Load if is_fine => self.load(worker),
            Task::Load => self.tell(worker, |run| {
                run.handle_load_failed(StoreTrouble::Unavailable, now)
            }),
            Task::Lock if is_fine => self.lock(worker),
            Task::Lock => self.tell(worker, |run| {
                run.handle_lock_failed(StoreTrouble::Unavailable, now)
            }),
            Task::ReadLifeboat if !is_fine => {
                self.tell(worker, |run| {
                    run.handle_lifeboat_failed(StoreTrouble::Unavailable, now)
                });
            }
            Task::ReadLifeboat => {
                let is_read = setup.mutation != Mutation::LifeboatNotRead;
                let boat = self.boat(worker).filter(|_| is_read);
                let found = boat.and_then(|boat| boat.first().cloned());
                self.tell(worker, |run| run.handle_lifeboat(found, now));
            }
            Task::Record(grant) => self.store(setup, worker, &grant, false, fate),
            Task::Save(grant) => self.store(setup, worker, &grant, true, fate),
            Task::Send(request) => self.send(worker, request, is_fine),
            Task::LookUp => {
                let located = Located::At {
                    account_id: setup.key.account_id,
                    host: self.platform.host,
                };
                let located = if is_fine { located } else { Located::Unknown };
                self.check_lock(worker);
                self.tell(worker, |run| run.handle_located(located, now));
            }
            Task::ReserveLifeboat => {
                let is_taken_so = is_fine || setup.mutation == Mutation::RoomNotNeeded;
                if let Some(run) = self.run_mut(worker) {
                    run.has_room = is_fine;
                }
                let reserved = is_taken_so.then_some(()).ok_or(StoreTrouble::Unavailable);
                self.tell(worker, |run| run.handle_lifeboat_reserved(reserved, now));
            }
            Task::WriteLifeboat(unsaved) => {
                if fate != Fate::FailsBefore {
                    self.put_into_boat(worker, *unsaved);
                }
                self.tell(worker, |run| run.handle_lifeboat_written(is_fine));
            }
            Task::DeleteLifeboat(attempt) => {
                if fate != Fate::FailsBefore {
                    self.take_from_boat(worker, attempt);
                }
                self.tell(worker, |run| run.handle_lifeboat_deleted(is_fine, now));
            }
            Task::Release => {
                if let Some(worker) = self.workers.get_mut(worker) {
                    worker.change().holds_lock = false;
                }
                self.tell(worker, RefreshProtocol::handle_released);
            }
            Task::ReleaseLifeboat | Task::WaitToSave | Task::Done(_) => {}
        }
    }

    fn load(&mut self, worker: usize) {
        let (grant, now) = (Grant::clone(&self.record), self.now);
        if let Some(run) = self.run_mut(worker) {
            run.revision = grant.revision;
        }
        self.tell(worker, |run| run.handle_loaded(Some(grant), now));
    }

    fn lock(&mut self, worker: usize) {
        let is_free = self.workers.iter().all(|other| !other.holds_lock);
        let now = self.now;
        if let Some(own) = self.workers.get_mut(worker)
            && is_free
        {
            own.change().holds_lock = true;
        }
        self.tell(worker, |run| run.handle_locked(is_free, now));
    }

    fn store(&mut self, setup: &Setup, worker: usize, grant: &Grant, is_save: bool, fate: Fate) {
        self.check_lock(worker);
        let now = self.now;
        let is_attempt = matches!(grant.state, GrantState::Refreshing(_)) && !is_save;
        let written = match fate {
            Fate::FailsBefore => None,
            _ if is_attempt && setup.mutation == Mutation::AttemptNotWritten => {
                Some(grant.revision)
            }
            _ => self.write(setup, grant, Excuse::Write),
        };
        match (fate, written) {
            (Fate::FailsBefore | Fate::FailsAfter, _) => {
                self.tell(worker, |run| {
                    run.handle_write_failed(StoreTrouble::Unavailable, now)
                });
            }
            (Fate::Fine, None) => self.tell(worker, |run| run.handle_conflict(now)),
            (Fate::Fine, Some(revision)) => {
                if let Some(run) = self.run_mut(worker) {
                    run.revision = revision;
                    run.recorded = recorded(grant, now);
                }
                let generation = grant.generation;
                self.tell(worker, |run| {
                    if is_save {
                        run.handle_saved(generation, revision, now)
                    } else {
                        run.handle_recorded(revision, now)
                    }
                });
            }
        }
    }

    /// I5: from a confirmed record, under the lock, and a second time only as the retry that the record declares.
    fn send(&mut self, worker: usize, request: Request, leaves: bool) {
        let now = self.now;
        self.check_lock(worker);
        let has_room = self.run(worker).is_some_and(|run| run.has_room);
        if !has_room && !self.lifeboats.is_empty() {
            self.broke(Rule::SentWithoutRoom);
        }
        let recorded = self.run(worker).and_then(|run| run.recorded);
        match recorded.filter(|recorded| recorded.used == request.used) {
            None => self.broke(Rule::SentUnrecorded),
            Some(recorded) if leaves && !recorded.is_declared => {
                if !self.seen.change().sent_plainly.insert(request.used) {
                    self.broke(Rule::UndeclaredRetry);
                }
            }
            Some(_) => {}
        }
        if !leaves {
            return self.tell(worker, |run| run.handle_sent(SendOutcome::NotSent, now));
        }
        if let Some(run) = self.run_mut(worker) {
            run.waiting = Waiting::Sent(request);
        }
    }

    fn deliver(&mut self, setup: &Setup, worker: usize, reply: Reply) {
        let now = self.now;
        let outcome = match reply {
            Reply::Pair(id) => {
                self.receive(setup, id);
                let tokens = pair(id, setup.has_api_domain, now);
                SendOutcome::Answered(TokenAnswer::Granted(tokens))
            }
            Reply::Revoked => SendOutcome::Answered(setup.revoked.clone()),
            Reply::ServerError => SendOutcome::Answered(setup.server_error.clone()),
            Reply::Lost if setup.mutation == Mutation::LostTakenForNotSent => SendOutcome::NotSent,
            Reply::Lost => SendOutcome::Lost,
            Reply::Noise(_) if setup.mutation == Mutation::NoiseTakenForDeath => {
                SendOutcome::Answered(setup.revoked.clone())
            }
            Reply::Noise(noise) => {
                self.had_no_effect(worker);
                SendOutcome::Answered(setup.refusal(noise))
            }
        };
        if let Some(run) = self.run_mut(worker) {
            run.waiting = Waiting::No;
        }
        self.tell(worker, |run| run.handle_sent(outcome, now));
    }

    fn receive(&mut self, setup: &Setup, id: PairId) {
        if self.platform.honours(id) {
            self.seen.change().received.insert(id);
        }
        if setup.mutation == Mutation::HandedOutBeforeSave {
            self.hand_out(id);
        }
    }

    /// A refusal that spends no token: the next request with it is not a second one.
    fn had_no_effect(&mut self, worker: usize) {
        let recorded = self.run(worker).and_then(|run| run.recorded);
        if let Some(recorded) = recorded.filter(|recorded| !recorded.is_declared) {
            self.seen.change().sent_plainly.remove(&recorded.used);
        }
    }

    /// What touches nothing outside the worker is done at once.
    fn rest(&mut self, worker: usize) {
        let Some(run) = self.run(worker) else {
            return;
        };
        if run.waiting != Waiting::No {
            return;
        }
        match task(&run.protocol) {
            Task::WaitToSave => self.tell(worker, RefreshProtocol::handle_waited),
            Task::ReleaseLifeboat => {
                if let Some(run) = self.run_mut(worker) {
                    run.has_room = false;
                }
                self.tell(worker, RefreshProtocol::handle_lifeboat_released);
                self.rest(worker);
            }
            Task::Done(token) => {
                token.into_iter().for_each(|id| self.hand_out(id));
                if let Some(worker) = self.workers.get_mut(worker) {
                    worker.change().run = None;
                }
            }
            _ => {}
        }
    }

    /// I4.
    fn hand_out(&mut self, id: PairId) {
        if !self.seen.durable.contains(&id) {
            self.broke(Rule::HandedOutUnsaved);
        }
        if self.platform.use_matters(id) {
            self.seen.change().handed_out.insert(id);
        }
    }

    fn check_lock(&mut self, worker: usize) {
        if !self.run(worker).is_some_and(|run| run.protocol.is_locked()) {
            self.broke(Rule::ActedWithoutLock);
        }
    }

    fn tell(
        &mut self,
        worker: usize,
        tell: impl FnOnce(&mut RefreshProtocol) -> Result<(), OutOfTurn>,
    ) {
        let told = self.run_mut(worker).map(|run| tell(&mut run.protocol));
        if told != Some(Ok(())) {
            self.broke(Rule::OutOfTurn);
        }
    }

    fn machine_of(&self, worker: usize) -> usize {
        self.workers.get(worker).map_or(0, |worker| worker.machine)
    }

    pub(crate) fn boat(&self, worker: usize) -> Option<&[UnsavedPair]> {
        self.lifeboats
            .get(self.machine_of(worker))
            .map(|boat| boat.as_slice())
    }

    fn put_into_boat(&mut self, worker: usize, unsaved: UnsavedPair) {
        let place = self.machine_of(worker);
        if let Some(boat) = self.lifeboats.get_mut(place).map(Shared::change) {
            boat.retain(|other| other.attempt != unsaved.attempt);
            boat.push(unsaved);
        }
    }

    fn take_from_boat(&mut self, worker: usize, attempt: AttemptId) {
        let place = self.machine_of(worker);
        if let Some(boat) = self.lifeboats.get_mut(place).map(Shared::change) {
            boat.retain(|other| other.attempt != attempt);
        }
    }
}
