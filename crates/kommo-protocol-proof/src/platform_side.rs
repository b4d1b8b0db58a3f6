//! What happens outside the workers: requests arrive, callers call, users consent, machines go down.

use kommo_oauth::Grant;

use crate::action::Answering;
use crate::broken::Rule;
use crate::budget::Fault;
use crate::pair_text::pair;
use crate::platform::PairId;
use crate::setup::{Mutation, Noise, Setup};
use crate::worker::{Reply, Request, Waiting};
use crate::world::{Excuse, World};

impl World {
    pub(crate) fn arrive(&mut self, worker: usize, answering: Answering) {
        let Some(Waiting::Sent(request)) = self.run(worker).map(|run| run.waiting) else {
            return self.broke(Rule::OutOfTurn);
        };
        let reply = match answering {
            Answering::Acts => self.reply(request),
            Answering::NeverArrives => Reply::Lost,
            Answering::ActsSilently => {
                self.reply(request);
                Reply::Lost
            }
            Answering::ActsAndFails => {
                self.reply(request);
                Reply::ServerError
            }
            Answering::Noise(noise) => Reply::Noise(noise),
        };
        match answering {
            Answering::Acts => {}
            Answering::Noise(_) => self.left.spend(Fault::Noise),
            _ => self.left.spend(Fault::Network),
        }
        if let Some(run) = self.run_mut(worker) {
            run.waiting = Waiting::Answered(reply);
        }
    }

    fn reply(&mut self, request: Request) -> Reply {
        if request.host != self.platform.host {
            return Reply::Noise(Noise::NotFound);
        }
        let reply = self.platform.change().refresh(request.used);
        self.forget_dead();
        reply.map_or(Reply::Revoked, Reply::Pair)
    }

    pub(crate) fn give_up(&mut self, worker: usize) {
        if let Some(run) = self.run_mut(worker)
            && let Waiting::Sent(request) = run.waiting
        {
            run.waiting = Waiting::Answered(Reply::Lost);
            self.stay(request);
            self.left.spend(Fault::Network);
        }
    }

    fn stay(&mut self, request: Request) {
        self.late.push(request);
        self.late.sort_unstable();
    }

    pub(crate) fn arrive_late(&mut self, which: usize) {
        if which < self.late.len() {
            let request = self.late.remove(which);
            self.reply(request);
        }
    }

    pub(crate) fn crash(&mut self, setup: &Setup, worker: usize, request_stays: bool) {
        let Some(worker) = self.workers.get_mut(worker) else {
            return;
        };
        let worker = worker.change();
        worker.holds_lock = false;
        let run = worker.run.take();
        if let Some(Waiting::Sent(request)) = run.map(|run| run.waiting)
            && request_stays
        {
            self.stay(request);
        }
        self.left.spend(Fault::Crash);
        if setup.mutation == Mutation::LastWriteForgotten {
            if let Some(before) = self.forgotten.take() {
                self.record = before;
            }
            return self.account_for_pairs(Excuse::None);
        }
        self.account_for_pairs(Excuse::Crash);
    }

    pub(crate) fn lose_lock(&mut self, worker: usize) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.change().holds_lock = false;
            self.left.spend(Fault::LostLock);
        }
    }

    pub(crate) fn call(&mut self, id: PairId) {
        self.platform.change().call(id);
        self.forget_dead();
    }

    /// Drops what can matter no more, so that worlds that differ in nothing else are one.
    fn forget_dead(&mut self) {
        let (platform, seen) = (&self.platform, &mut self.seen);
        if seen.handed_out.iter().any(|id| !platform.use_matters(*id)) {
            let seen = seen.change();
            seen.handed_out.retain(|id| platform.use_matters(*id));
        }
        if seen.received.iter().any(|id| !platform.honours(*id)) {
            let seen = seen.change();
            seen.received.retain(|id| platform.honours(*id));
        }
    }

    pub(crate) fn consent(&mut self, setup: &Setup) {
        self.left.consents = self.left.consents.saturating_sub(1);
        let id = self.platform.change().consent();
        let tokens = pair(id, setup.has_api_domain, self.now);
        let earlier = Grant::clone(&self.record);
        let host = self.platform.host;
        let moved = Grant::consent(Some(earlier), setup.key, host, None, tokens);
        self.write(setup, &moved.grant, Excuse::Consent);
        self.seen.change().received.insert(id);
        self.account_for_pairs(Excuse::None);
    }

    pub(crate) fn move_account(&mut self, setup: &Setup) {
        let platform = self.platform.change();
        platform.host = if platform.host == setup.home {
            setup.elsewhere
        } else {
            setup.home
        };
        self.left.spend(Fault::Move);
    }
}
