//! A worker carries out the steps of its run, as the keeper does.

use core::time::Duration;

use kommo_oauth::grant::{AttemptId, Generation, Grant, HoldKind, Revision, UnsavedPair};
use kommo_oauth::refresh::{
    Located, RefreshPolicy, RefreshProtocol, Report, SendOutcome, StoreErrorKind, TokenRequirement,
};
use kommo_oauth::token::TokenAnswer;

use crate::action::{Ask, Fate};
use crate::broken::Rule;
use crate::budget::Fault;
use crate::pair_text::pair;
use crate::platform::PairId;
use crate::setup::{Mutation, Setup};
use crate::shared::Shared;
use crate::task::{Task, recorded, task};
use crate::worker::{Recorded, Reply, Request, Run, Standing, Waiting, Worker};
use crate::world::{Excuse, World, slot_of};

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
        let (generation, revision) = self
            .grant()
            .map_or((Generation::FIRST, Revision::NOT_STORED), |grant| {
                (grant.generation, grant.revision)
            });
        let requirement = match ask {
            Ask::Newer => TokenRequirement::newer_than(generation),
            Ask::ValidFor(seconds) | Ask::Due(seconds) => {
                TokenRequirement::valid_for(Duration::from_secs(seconds))
            }
            Ask::InsteadOfRejected => TokenRequirement::instead_of_rejected(generation),
            Ask::YoungerThan(seconds) => {
                TokenRequirement::obtained_since(self.now.minus(Duration::from_secs(seconds)))
            }
        };
        let protocol = RefreshProtocol::new(
            setup.key,
            requirement,
            Setup::requester(self.machine_of(worker)),
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
            revision,
            slot,
            recorded: None,
            has_room: false,
            stopped_by: None,
        };
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.change().run = Some(run);
            self.left.runs = self.left.runs.saturating_sub(1);
        }
    }

    pub(crate) fn step(&mut self, setup: &Setup, worker: usize, fate: Fate) {
        let Some(run) = self.run(worker) else {
            return self.broke(Rule::UnexpectedReport);
        };
        match run.waiting {
            Waiting::Sent(_) => return self.broke(Rule::UnexpectedReport),
            Waiting::No => {
                let task = task(&run.protocol);
                self.spend(&task, fate);
                self.perform(setup, worker, task, fate);
            }
        }
        self.settle_down(worker);
    }

    /// After every step of a worker.
    fn settle_down(&mut self, worker: usize) {
        self.rest(worker);
        self.account_for_pairs(Excuse::None);
    }

    const fn spend(&mut self, task: &Task, fate: Fate) {
        let fault = match task {
            _ if matches!(fate, Fate::Fine) => return,
            _ if matches!(fate, Fate::NeedsPerson) => Fault::Person,
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
        let is_fine = fate == Fate::Fine;
        match task {
            Task::Load if is_fine => self.load(setup, worker),
            Task::Load => {
                // The lock's connection may be what failed.
                self.drop_lock(worker);
                self.tell(worker, Report::Failed(error_kind(fate)));
            }
            Task::Lock if is_fine => self.lock(setup, worker),
            Task::Lock => self.tell(worker, Report::Failed(error_kind(fate))),
            Task::ReadLifeboat if !is_fine => {
                self.tell(worker, Report::Failed(StoreErrorKind::Unavailable));
            }
            Task::ReadLifeboat => {
                let is_read = setup.mutation != Mutation::LifeboatNotRead;
                let boat = self.boat(worker).filter(|_| is_read);
                let found = boat.and_then(|boat| boat.first().cloned());
                self.tell(worker, Report::LifeboatRead(found));
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
                self.tell(worker, Report::Located(located));
                self.note_own_hold(worker);
            }
            Task::ReserveLifeboat => {
                let is_taken_so = is_fine || setup.mutation == Mutation::RoomNotNeeded;
                if let Some(run) = self.run_mut(worker) {
                    run.has_room = is_fine;
                }
                self.tell(worker, done(is_taken_so));
            }
            Task::WriteLifeboat(unsaved) => {
                if fate != Fate::FailsBefore {
                    self.put_into_boat(worker, *unsaved);
                }
                self.tell(worker, done(is_fine));
            }
            Task::DeleteLifeboat(attempt) => {
                if fate != Fate::FailsBefore {
                    self.take_from_boat(worker, attempt);
                }
                self.tell(worker, done(is_fine));
            }
            Task::Release => {
                if let Some(worker) = self.workers.get_mut(worker) {
                    worker.change().standing = Standing::Without;
                }
                self.tell(worker, Report::Done);
            }
            Task::WaitToSave => self.tell(worker, Report::Done),
            Task::ReleaseLifeboat | Task::Done(_) => {}
        }
    }

    fn load(&mut self, setup: &Setup, worker: usize) {
        let (grant, now) = (self.grant().cloned(), self.now);
        let own = self.workers.get(worker).and_then(|own| own.own_hold);
        let own = own.filter(|hold| hold.lasts(now));
        let revision = grant.as_ref().map(|grant| grant.revision);
        if let Some(run) = self.run_mut(worker) {
            run.revision = revision.unwrap_or(Revision::NOT_STORED);
            run.stopped_by = own;
            let told = own.filter(|_| setup.mutation != Mutation::StopIgnored);
            run.protocol.set_own_hold(told);
        }
        self.tell(worker, Report::Loaded(grant));
    }

    /// The store grants the lock if no run of which it knows has it.
    fn lock(&mut self, setup: &Setup, worker: usize) {
        let is_held = |other: &Shared<Worker>| other.standing == Standing::Holds;
        let is_granted =
            setup.mutation == Mutation::LockAlwaysGranted || !self.workers.iter().any(is_held);
        if let Some(own) = self.workers.get_mut(worker)
            && is_granted
        {
            own.change().standing = Standing::Holds;
        }
        let is_told = is_granted || setup.mutation == Mutation::LockRefusalIgnored;
        let report = if is_told {
            Report::Locked
        } else {
            Report::Busy
        };
        self.tell(worker, report);
    }

    /// As the keeper does when the store fails: further writes are protected by the revision alone.
    fn drop_lock(&mut self, worker: usize) {
        if let Some(own) = self.workers.get_mut(worker)
            && own.standing != Standing::Without
        {
            own.change().standing = Standing::Dropped;
        }
    }

    fn store(&mut self, setup: &Setup, worker: usize, grant: &Grant, is_save: bool, fate: Fate) {
        let now = self.now;
        // A note about an access token may be written beside the attempt of another run.
        let own = recorded(grant, now).filter(|recorded| self.is_own(worker, recorded.attempt));
        let is_attempt = own.is_some() && !is_save;
        if is_attempt {
            self.check_lock(worker);
            self.check_stop(worker, own);
        }
        let written = match fate {
            Fate::FailsBefore | Fate::NeedsPerson => None,
            _ if is_attempt && setup.mutation == Mutation::AttemptNotWritten => {
                Some(grant.revision)
            }
            _ => self.write(setup, grant, Excuse::Write),
        };
        match (fate, written) {
            (Fate::FailsBefore | Fate::FailsAfter | Fate::NeedsPerson, _) => {
                self.drop_lock(worker);
                self.tell(worker, Report::Failed(error_kind(fate)));
            }
            (Fate::Fine, None) => self.tell(worker, Report::Conflict),
            (Fate::Fine, Some(revision)) => {
                if let Some(run) = self.run_mut(worker) {
                    run.revision = revision;
                    run.recorded = own;
                }
                let generation = grant.generation;
                let saved = Report::Saved {
                    generation,
                    revision,
                };
                let report = if is_save {
                    saved
                } else {
                    Report::Recorded(revision)
                };
                self.tell(worker, report);
            }
        }
    }

    /// I5: from a confirmed record, under the lock, and a second time only as the retry that the
    /// record declares.
    fn send(&mut self, worker: usize, request: Request, leaves: bool) {
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
            return self.tell(worker, Report::Sent(SendOutcome::NotSent));
        }
        if let Some(run) = self.run_mut(worker) {
            run.waiting = Waiting::Sent(request);
        }
    }

    pub(crate) fn deliver(&mut self, setup: &Setup, worker: usize, reply: Reply) {
        let now = self.now;
        if matches!(reply, Reply::Pair(_) | Reply::Revoked) {
            self.go_again(worker);
        }
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
        self.tell(worker, Report::Sent(outcome));
        self.note_own_hold(worker);
        self.settle_down(worker);
    }

    /// An answer to this run may stop its process as a whole; a block of one account does not.
    fn note_own_hold(&mut self, worker: usize) {
        let laid = self
            .run(worker)
            .and_then(|run| run.protocol.laid_on_requester());
        let laid = laid.filter(|hold| hold.kind != HoldKind::Blocked);
        if let (Some(_), Some(own)) = (laid, self.workers.get_mut(worker))
            && own.own_hold != laid
        {
            own.change().own_hold = laid;
        }
    }

    /// The platform has taken the credentials of this process, and its address.
    fn go_again(&mut self, worker: usize) {
        if let Some(own) = self.workers.get_mut(worker)
            && own.own_hold.is_some()
        {
            own.change().own_hold = None;
        }
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

    /// A step without an effect outside the worker is done at once.
    fn rest(&mut self, worker: usize) {
        let Some(run) = self.run(worker) else {
            return;
        };
        if run.waiting != Waiting::No {
            return;
        }
        match task(&run.protocol) {
            Task::WaitToSave if !self.may_leave(worker) => {
                self.tell(worker, Report::Done);
            }
            Task::ReleaseLifeboat => {
                if let Some(run) = self.run_mut(worker) {
                    run.has_room = false;
                }
                self.tell(worker, Report::Done);
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

    /// Whether a run that waits to save may end: its pair is in the lifeboat.
    pub(crate) fn may_leave(&self, worker: usize) -> bool {
        self.left.leaves > 0
            && self.run(worker).is_some_and(|run| {
                let mut protocol = run.protocol.clone();
                protocol.leave_to_lifeboat(StoreErrorKind::Unavailable, self.now)
            })
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

    /// I5, as the world sees it: a sender was granted the lock, and no other live run holds it. One
    /// that has lost its lock does not know that; what it sends is announced by a record that the
    /// revision protects.
    fn check_lock(&mut self, worker: usize) {
        let mut others = self.workers.iter().enumerate();
        let is_beside =
            others.any(|(place, other)| place != worker && other.standing == Standing::Holds);
        match self.workers.get(worker).map(|own| own.standing) {
            Some(Standing::Lost) => {}
            Some(Standing::Holds) if is_beside => self.broke(Rule::ActedBesideHolder),
            Some(Standing::Holds) => {}
            _ => self.broke(Rule::ActedWithoutLock),
        }
    }

    /// No attempt is begun by a process that has read that it is stopped as a whole.
    fn check_stop(&mut self, worker: usize, attempt: Option<Recorded>) {
        let run = self.run(worker);
        let stopped_by = run.and_then(|run| run.stopped_by);
        let name = |recorded: Option<Recorded>| recorded.map(|recorded| recorded.attempt);
        let is_new = run.is_some_and(|run| name(run.recorded) != name(attempt));
        if is_new && stopped_by.is_some_and(|hold| hold.lasts(self.now)) {
            self.broke(Rule::SentWhileStopped);
        }
    }

    fn is_own(&self, worker: usize, attempt: AttemptId) -> bool {
        self.run(worker)
            .is_some_and(|run| run.slot == slot_of(attempt))
    }

    fn tell(&mut self, worker: usize, report: Report) {
        let now = self.now;
        let told = self
            .run_mut(worker)
            .map(|run| run.protocol.handle(report, now));
        if told != Some(Ok(())) {
            self.broke(Rule::UnexpectedReport);
        }
    }

    pub(crate) fn machine_of(&self, worker: usize) -> usize {
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

/// A step of the lifeboat.
const fn done(is_fine: bool) -> Report {
    if is_fine {
        Report::Done
    } else {
        Report::Failed(StoreErrorKind::Unavailable)
    }
}

const fn error_kind(fate: Fate) -> StoreErrorKind {
    match fate {
        Fate::NeedsPerson => StoreErrorKind::Misconfigured,
        _ => StoreErrorKind::Unavailable,
    }
}
