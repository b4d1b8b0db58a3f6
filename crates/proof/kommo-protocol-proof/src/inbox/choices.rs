//! What can happen next in a world, and how it ends when nothing goes wrong any more.

extern crate alloc;

use alloc::vec::Vec;

use kommo_hooks::inbox::EntryState;

use crate::inbox::action::{Action, Fate, SettleFate};
use crate::inbox::mistake::{Broken, Mistake};
use crate::inbox::setup::Setup;
use crate::inbox::world::{Erasing, Receiving, Working, World};

impl World {
    pub(crate) fn choices(&self, setup: &Setup, actions: &mut Vec<Action>) {
        let fates: &[Fate] = match self.faults {
            0 => &[Fate::Written],
            _ => &[Fate::Written, Fate::Unknown, Fate::Failed],
        };
        let of_puts: &[Fate] = match (self.faults, setup.erased) {
            (0, _) | (_, 0) => fates,
            _ => &[Fate::Written, Fate::Unknown, Fate::Late, Fate::Failed],
        };
        self.choices_of_erasure(setup, actions);
        for (at, receiver) in self.receivers.iter().enumerate() {
            // Forgetting is all that it does, unless hooks come beside it.
            let is_free = setup.is_beside || receiver.merged.is_none();
            match receiver.doing {
                Some(Receiving::Putting(_)) => {
                    actions.extend(of_puts.iter().map(|fate| Action::Put(at, *fate)));
                }
                Some(Receiving::Spooling(_)) => {
                    actions.extend(fates.iter().map(|fate| Action::Spool(at, *fate)));
                }
                Some(Receiving::Answering { .. }) => actions.push(Action::Answer(at)),
                None if !is_free => {}
                None => {
                    if receiver.came < setup.hooks.get(at).map_or(0, Vec::len) {
                        actions.push(Action::Arrive(at));
                    }
                    if self.repeats > 0 {
                        let came = setup.hooks.iter().zip(&self.receivers);
                        let came = came.flat_map(|(hooks, one)| hooks.iter().take(one.came));
                        actions.extend(came.map(|hook| Action::Repeat(at, *hook)));
                    }
                }
            }
            let may_merge = setup.is_beside || receiver.doing.is_none();
            match receiver.merged {
                Some(_) => actions.push(Action::Forget(at)),
                None if receiver.read.is_none() && receiver.spool.is_empty() || !may_merge => {}
                None if setup.erased != 0 && receiver.read.is_none() => {
                    actions.push(Action::Read(at));
                }
                None => actions.extend(of_puts.iter().map(|fate| Action::Merge(at, *fate))),
            }
            let is_busy =
                receiver.doing.is_some() || receiver.merged.is_some() || receiver.read.is_some();
            if self.crashes > 0 && (is_busy || receiver.unsynced > 0) {
                actions.push(Action::CrashReceiver(at));
            }
        }
        for (worker, working) in self.workers.iter().enumerate() {
            match working {
                None if self.claims > 0 => {
                    let claimable = self.claimable();
                    actions.extend(claimable.iter().map(|entry| Action::Claim(worker, *entry)));
                }
                None => {}
                Some(Working::Claimed { .. }) => {
                    let ends = [SettleFate::Done, SettleFate::Again, SettleFate::Failed];
                    actions.extend(ends.map(|how| Action::Handle(worker, how)));
                    actions.extend(setup.is_beside.then_some(Action::PutBack(worker)));
                }
                Some(Working::Ending { .. }) => {
                    actions.extend(fates.iter().map(|fate| Action::Settle(worker, *fate)));
                }
            }
            if self.crashes > 0 && working.is_some() {
                actions.push(Action::CrashWorker(worker));
            }
        }
        if self.claims > 0 && self.faults > 0 {
            actions.extend(
                self.claimable()
                    .iter()
                    .map(|entry| Action::LoseClaim(*entry)),
            );
        }
        if self.replays > 0 {
            let entries = self.queue.entries().iter().enumerate();
            let failed = entries.filter(|(_, entry)| entry.state == EntryState::Failed);
            actions.extend(failed.map(|(entry, _)| Action::Replay(entry)));
        }
    }

    fn choices_of_erasure(&self, setup: &Setup, actions: &mut Vec<Action>) {
        for which in 0..self.late.len() {
            actions.extend([Action::Commit(which), Action::Abort(which)]);
        }
        match &self.erasing {
            None if self.erasures > 0 => actions.push(Action::BeginErasure),
            None => {}
            Some(erasing) => {
                let waits = match erasing {
                    Erasing::Writers(..) if setup.has(Mistake::WaitsForNoWriter) => false,
                    Erasing::Writers(_, writers) => {
                        writers.iter().any(|one| self.late.contains(one))
                    }
                    _ => false,
                };
                actions.extend((!waits).then_some(Action::Erase));
                actions.extend((self.crashes > 0).then_some(Action::CrashEraser));
            }
        }
    }

    /// The world goes on without faults: every receiver ends what it does and merges, then one
    /// worker handles what waits. What was answered 200 must have ended: returns what is broken.
    #[must_use]
    pub fn end(&self, setup: &Setup) -> Option<Broken> {
        let mut world = self.clone();
        world.late.clear();
        world.erasing = None;
        for at in 0..world.receivers.len() {
            while let Some(action) = world.next_of_receiver(setup, at) {
                world.act(setup, action);
            }
        }
        for worker in 0..world.workers.len() {
            world.finish(setup, worker);
        }
        while let Some(entry) = world.claimable().first().copied() {
            world.claims = world.claims.max(1);
            world.act(setup, Action::Claim(0, entry));
            world.act(setup, Action::Handle(0, SettleFate::Done));
            world.act(setup, Action::Settle(0, Fate::Written));
            if world.broken().is_some() {
                return world.broken();
            }
        }
        let mut answered = world.receivers.iter().flat_map(|one| &one.answered);
        let has_ended = answered.all(|hook| match world.state_of(*hook) {
            Some(EntryState::Done) => world.is_handled(*hook),
            None if world.may_be_gone(*hook) => true,
            state => state == Some(EntryState::Failed),
        });
        match has_ended {
            true => world.broken(),
            false => Some(Broken::NoEnd),
        }
    }

    fn next_of_receiver(&self, setup: &Setup, at: usize) -> Option<Action> {
        let receiver = self.receivers.get(at)?;
        match receiver.doing {
            Some(Receiving::Putting(_)) => Some(Action::Put(at, Fate::Written)),
            Some(Receiving::Spooling(_)) => Some(Action::Spool(at, Fate::Written)),
            Some(Receiving::Answering { .. }) => Some(Action::Answer(at)),
            None if receiver.merged.is_some() => Some(Action::Forget(at)),
            None if receiver.read.is_some() => Some(Action::Merge(at, Fate::Written)),
            None if receiver.spool.is_empty() => None,
            None if setup.erased != 0 => Some(Action::Read(at)),
            None => Some(Action::Merge(at, Fate::Written)),
        }
    }

    fn finish(&mut self, setup: &Setup, worker: usize) {
        if let Some(Some(Working::Claimed { .. })) = self.workers.get(worker) {
            self.act(setup, Action::Handle(worker, SettleFate::Again));
        }
        if let Some(Some(Working::Ending { .. })) = self.workers.get(worker) {
            self.act(setup, Action::Settle(worker, Fate::Written));
        }
    }
}
