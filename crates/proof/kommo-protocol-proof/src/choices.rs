//! What can happen next, within the bounds.

extern crate alloc;

use alloc::vec::Vec;

use kommo_oauth::refresh::Step;

use crate::action::{Action, Answering, Ask, Fate};
use crate::budget::Fault;
use crate::setup::{Noise, Setup};
use crate::worker::{Standing, Waiting};
use crate::world::World;

impl World {
    /// Everything that can happen now.
    pub fn choices(&self, setup: &Setup, choices: &mut Vec<Action>) {
        for worker in 0..self.workers.len() {
            if self.is_first_idle(worker) && self.left.runs > 0 {
                choices.push(Action::Begin(worker, Ask::Newer));
            }
            choices.extend(self.good_choice(worker));
            self.bad_choices(setup, worker, choices);
        }
        choices.extend((0..self.late.len()).map(Action::ArriveLate));
        choices.extend(self.seen.handed_out.iter().copied().map(Action::Call));
        if self.left.consents > 0 {
            choices.push(Action::Consent);
        }
        if self.left.has(Fault::Move) {
            choices.push(Action::Move);
        }
        if self.left.erasures > 0 && self.grant().is_some() {
            choices.push(Action::Erase);
        }
        if self.left.ticks > 0 {
            choices.push(Action::PassTime);
        }
    }

    /// Idle workers of one machine are alike.
    fn is_first_idle(&self, worker: usize) -> bool {
        let Some(own) = self.workers.get(worker) else {
            return false;
        };
        let before = self.workers.iter().take(worker);
        let mut idle = before.filter(|other| other.run.is_none() && other.machine == own.machine);
        own.run.is_none() && idle.next().is_none()
    }

    /// The next step of a working worker without faults.
    pub(crate) fn good_choice(&self, worker: usize) -> Option<Action> {
        let run = self.run(worker)?;
        Some(match run.waiting {
            Waiting::Sent(_) => Action::Arrive(worker, Answering::Acts),
            Waiting::No => Action::Step(worker, Fate::Fine),
        })
    }

    /// The faults that can hit a worker now.
    pub(crate) fn bad_choices(&self, setup: &Setup, worker: usize, choices: &mut Vec<Action>) {
        let (Some(run), Some(own)) = (self.run(worker), self.workers.get(worker)) else {
            return;
        };
        // A loss shows when another worker asks for the lock; before that, it looks like a lock
        // that is held.
        let is_asked_for = own.standing == Standing::Holds && self.is_lock_wanted();
        if is_asked_for && self.left.has(Fault::LostLock) {
            choices.push(Action::LoseLock(worker));
        }
        if own.own_hold.is_none() && self.left.has(Fault::Stop) {
            choices.push(Action::Stop(worker));
        }
        if self.may_leave(worker) {
            choices.push(Action::Leave(worker));
        }
        let is_sent = matches!(run.waiting, Waiting::Sent(_));
        // A run that never had the lock has done nothing: losing it is the same as not having begun
        // it.
        if run.protocol.is_locked() && self.may(setup, worker, Fault::Crash) {
            let crash = |request_stays| Action::Crash {
                worker,
                request_stays,
            };
            choices.push(crash(false));
            choices.extend(is_sent.then(|| crash(true)));
        }
        match run.waiting {
            Waiting::Sent(_) => self.bad_answers(setup, worker, choices),
            Waiting::No => self.bad_steps(setup, worker, run.protocol.poll(), choices),
        }
    }

    fn is_lock_wanted(&self) -> bool {
        let mut runs = self.workers.iter().filter_map(|worker| worker.run.as_ref());
        runs.any(|run| run.protocol.poll() == Step::Lock)
    }

    /// Whether a fault of this kind may happen to a worker.
    fn may(&self, setup: &Setup, worker: usize, fault: Fault) -> bool {
        self.left.has(fault) && (setup.has_wasted_runs || !self.is_fresh(worker))
    }

    /// Whether a worker has a request under way, or a pair in memory.
    pub(crate) fn has_something(&self, worker: usize) -> bool {
        self.run(worker).is_some_and(|run| {
            matches!(run.waiting, Waiting::Sent(_)) || run.protocol.unsaved().is_some()
        })
    }

    /// Whether the pair in a worker's memory is of an earlier generation than the record; `None` if
    /// there is no such pair.
    pub(crate) fn has_late_pair(&self, worker: usize) -> Option<bool> {
        let base = self.run(worker)?.protocol.unsaved()?.base;
        Some(base < self.grant()?.generation)
    }

    /// Whether the run of a worker has written nothing and received nothing yet.
    pub(crate) fn is_fresh(&self, worker: usize) -> bool {
        self.run(worker)
            .is_some_and(|run| run.recorded.is_none() && run.protocol.unsaved().is_none())
    }

    fn bad_answers(&self, setup: &Setup, worker: usize, choices: &mut Vec<Action>) {
        if self.left.has(Fault::Network) {
            choices.extend([
                Action::Arrive(worker, Answering::NeverArrives),
                Action::Arrive(worker, Answering::ActsSilently),
                Action::GiveUp(worker),
            ]);
            if setup.has_server_errors {
                choices.push(Action::Arrive(worker, Answering::ActsAndFails));
            }
        }
        if self.left.has(Fault::Noise) {
            let answers = |noise: &Noise| Action::Arrive(worker, Answering::Noise(*noise));
            choices.extend(setup.noise.iter().map(answers));
        }
    }

    fn bad_steps(&self, setup: &Setup, worker: usize, step: Step<'_>, choices: &mut Vec<Action>) {
        let (fault, fates) = match step {
            Step::Load | Step::Lock => (Fault::Store, ONLY_BEFORE),
            Step::Record(_) | Step::Save(_) => (Fault::Store, BEFORE_AND_AFTER),
            Step::ReadLifeboat if self.boat(worker).is_some_and(|boat| !boat.is_empty()) => {
                (Fault::Lifeboat, ONLY_BEFORE)
            }
            Step::ReserveLifeboat => (Fault::Lifeboat, ONLY_BEFORE),
            Step::WriteLifeboat(_) | Step::DeleteLifeboat(_) => (Fault::Lifeboat, BEFORE_AND_AFTER),
            Step::Send { .. } | Step::LookUp { .. } => (Fault::Network, ONLY_BEFORE),
            _ => return,
        };
        let may = |fate: &Fate| match fate {
            Fate::FailsAfter => self.left.has(fault),
            _ => self.may(setup, worker, fault),
        };
        let fates = fates.iter().copied().filter(may);
        choices.extend(fates.map(|fate| Action::Step(worker, fate)));
        if fault == Fault::Store && self.may(setup, worker, Fault::Person) {
            choices.push(Action::Step(worker, Fate::NeedsPerson));
        }
    }
}

const ONLY_BEFORE: &[Fate] = &[Fate::FailsBefore];
const BEFORE_AND_AFTER: &[Fate] = &[Fate::FailsBefore, Fate::FailsAfter];
