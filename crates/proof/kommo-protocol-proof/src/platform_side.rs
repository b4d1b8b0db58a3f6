//! What happens outside the workers: requests arrive, callers call, users consent, machines go
//! down.

extern crate alloc;

use alloc::vec::Vec;
use core::time::Duration;

use kommo_oauth::grant::{Grant, Hold, HoldKind, HoldScope};
use kommo_oauth::refresh::StoreErrorKind;

use crate::action::Answering;
use crate::broken::Rule;
use crate::budget::Fault;
use crate::pair_text::pair;
use crate::platform::PairId;
use crate::setup::{HOURS, Mutation, Noise, Setup};
use crate::worker::{Reply, Request, Standing, Waiting};
use crate::world::{Excuse, World};

/// How long a process is stopped as a whole.
const STOP: Duration = Duration::from_secs(3_600);

impl World {
    /// A request arrives, and its answer at the worker. That an answer lies on its way while others
    /// act is the same as that the worker takes its next step later: what the run makes of it
    /// touches nothing outside.
    pub(crate) fn arrive(&mut self, setup: &Setup, worker: usize, answering: Answering) {
        let Some(Waiting::Sent(request)) = self.run(worker).map(|run| run.waiting) else {
            return self.broke(Rule::UnexpectedReport);
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
        self.deliver(setup, worker, reply);
    }

    fn reply(&mut self, request: Request) -> Reply {
        if request.host != self.platform.host {
            return Reply::Noise(Noise::NotFound);
        }
        let reply = self.platform.change().refresh(request.used);
        self.forget_dead();
        reply.map_or(Reply::Revoked, Reply::Pair)
    }

    pub(crate) fn give_up(&mut self, setup: &Setup, worker: usize) {
        if let Some(Waiting::Sent(request)) = self.run(worker).map(|run| run.waiting) {
            self.stay(request);
            self.left.spend(Fault::Network);
            self.deliver(setup, worker, Reply::Lost);
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
        self.left.spend(Fault::Crash);
        let Some(worker) = self.workers.get_mut(worker) else {
            return;
        };
        let worker = worker.change();
        worker.standing = Standing::Without;
        worker.own_hold = None;
        let run = worker.run.take();
        if let Some(Waiting::Sent(request)) = run.map(|run| run.waiting)
            && request_stays
        {
            self.stay(request);
        }
        if setup.mutation == Mutation::LastWriteForgotten {
            if let Some(before) = self.forgotten.take() {
                self.record = Some(before);
            }
            return self.account_for_pairs(Excuse::None);
        }
        self.account_for_pairs(Excuse::Crash);
    }

    pub(crate) fn lose_lock(&mut self, worker: usize) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.change().standing = Standing::Lost;
            self.left.spend(Fault::LostLock);
        }
    }

    /// The program ends, and its pair is safe.
    pub(crate) fn leave(&mut self, worker: usize) {
        let now = self.now;
        self.left.leaves = self.left.leaves.saturating_sub(1);
        let run = self.run_mut(worker);
        let has_left = run.is_some_and(|run| {
            run.protocol
                .leave_to_lifeboat(StoreErrorKind::Unavailable, now)
        });
        if !has_left {
            self.broke(Rule::UnexpectedReport);
        }
        self.account_for_pairs(Excuse::None);
    }

    /// The address of a process is blocked, as the answer to the request of another grant says.
    pub(crate) fn stop(&mut self, worker: usize) {
        let requester = Setup::requester(self.machine_of(worker));
        let hold = Hold::new(
            HoldKind::Blocked,
            HoldScope::Egress(requester.egress),
            self.now,
            STOP,
        );
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.change().own_hold = Some(hold);
            self.left.spend(Fault::Stop);
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
        let earlier = self.grant().cloned();
        let is_first = earlier.is_none();
        let host = self.platform.host;
        let moved = Grant::consent(earlier, setup.key, host, None, tokens);
        if is_first {
            self.insert(moved.grant);
        } else {
            self.write(setup, &moved.grant, Excuse::Consent);
        }
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

    /// The account's owner wishes that nothing is kept.
    pub(crate) fn erase(&mut self) {
        self.left.erasures = self.left.erasures.saturating_sub(1);
        let roots: Vec<PairId> = self.held().map(|id| self.platform.root(id)).collect();
        self.record = None;
        self.seen.change().erased.extend(roots);
        self.account_for_pairs(Excuse::None);
    }

    /// Longer than any hold that the policy lays, shorter than the life of an access token.
    pub(crate) fn pass_time(&mut self) {
        self.left.ticks = self.left.ticks.saturating_sub(1);
        self.now = self.now.plus(HOURS);
    }
}
