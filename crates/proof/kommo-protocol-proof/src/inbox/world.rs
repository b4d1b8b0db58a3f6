//! The world: hooks, receivers, the queue, workers, and what has been seen so far.

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use kommo_hooks::inbox::{EntryState, Lease, Put, Queue, Settlement};

use crate::inbox::action::{Action, Fate, SettleFate};
use crate::inbox::mistake::{Broken, Mistake};
use crate::inbox::setup::{HookId, Setup};

/// The only instant: leases end at once, and pauses are over at once.
const NOW: u64 = 0;

/// What a receiver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Receiving {
    /// It puts a hook.
    Putting(HookId),
    /// The database did not take it: it writes it to its spool.
    Spooling(HookId),
    /// It answers: 200, or 503.
    Answering { hook: HookId, is_kept: bool },
}

/// A process that receives hooks, one after the other, and its spool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Receiver {
    pub(crate) doing: Option<Receiving>,
    /// The hook of its spool that it has put and not forgotten yet. Hooks come meanwhile.
    pub(crate) merged: Option<HookId>,
    /// The hook of its spool that it has read and not put yet, in the setups of an erasure.
    pub(crate) read: Option<HookId>,
    /// How many hooks have come to it.
    pub(crate) came: usize,
    /// The spool, the oldest hook first.
    pub(crate) spool: Vec<HookId>,
    /// How many of its last hooks are not on the disk yet.
    pub(crate) unsynced: usize,
    /// What it answered with 200, in this order.
    pub(crate) answered: Vec<HookId>,
}

/// A process that handles hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Working {
    /// It was handed an entry.
    Claimed { entry: usize, lease: Lease },
    /// It knows how the attempt ends.
    Ending {
        entry: usize,
        lease: Lease,
        how: SettleFate,
    },
}

/// What an erasure does next. With it: what was answered before it began.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Erasing {
    Spools(u32),
    /// It waits for these transactions.
    Writers(u32, Vec<HookId>),
    Database(u32),
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub(crate) queue: Queue<(HookId, u8), u8>,
    pub(crate) receivers: Vec<Receiver>,
    pub(crate) workers: Vec<Option<Working>>,
    /// The hooks that a worker has handled, by their bits.
    handled: u32,
    /// The hooks that have come, by their bits; and for each, what its receiver had answered before
    /// it came first.
    came: u32,
    before: Vec<u32>,
    /// The token of the last attempt at each entry, as the world knows it.
    last: Vec<u8>,
    /// Entries that were replayed come again after younger ones.
    replayed: u32,
    pub(crate) claims: u8,
    pub(crate) crashes: u8,
    pub(crate) faults: u8,
    pub(crate) repeats: u8,
    pub(crate) replays: u8,
    /// Hooks in transactions whose answers were lost.
    pub(crate) late: Vec<HookId>,
    pub(crate) erasing: Option<Erasing>,
    pub(crate) erasures: u8,
    /// What an erasure may have removed, and what it must have.
    may_be_gone: u32,
    is_gone: u32,
    /// How many tokens were drawn, and keys with the mistake that each put has one of its own.
    drawn: u8,
    keys: u8,
    broken: Option<Broken>,
}

impl World {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            queue: Queue::new(),
            receivers: vec![Receiver::default(); setup.hooks.len()],
            workers: vec![None; setup.workers],
            handled: 0,
            came: 0,
            before: vec![0; setup.conversations.len()],
            last: Vec::new(),
            replayed: 0,
            claims: setup.claims,
            crashes: setup.crashes,
            faults: setup.faults,
            repeats: setup.repeats,
            replays: setup.replays,
            late: Vec::new(),
            erasing: None,
            erasures: u8::from(setup.erased != 0),
            may_be_gone: 0,
            is_gone: 0,
            drawn: 0,
            keys: 0,
            broken: None,
        }
    }

    /// The first rule that was broken.
    #[must_use]
    pub const fn broken(&self) -> Option<Broken> {
        self.broken
    }

    pub(crate) fn is_handled(&self, hook: HookId) -> bool {
        self.handled & (1 << hook) != 0
    }

    pub(crate) fn state_of(&self, hook: HookId) -> Option<EntryState> {
        let mut entries = self.queue.entries().iter();
        let entry =
            entries.find(|entry| entry.key.0 == hook && entry.state != EntryState::Erased)?;
        Some(entry.state)
    }

    pub(crate) fn may_be_gone(&self, hook: HookId) -> bool {
        self.may_be_gone & (1 << hook) != 0
    }

    pub(crate) fn act(&mut self, setup: &Setup, action: Action) {
        match action {
            Action::Arrive(at) => self.arrive(setup, at),
            Action::Repeat(at, hook) => {
                self.repeats -= 1;
                self.begin(setup, at, hook);
            }
            Action::Put(at, fate) => self.put_hook(setup, at, fate),
            Action::Spool(at, fate) => self.spool_hook(setup, at, fate),
            Action::Answer(at) => self.answer(setup, at),
            Action::Read(at) => {
                if let Some(receiver) = self.receivers.get_mut(at) {
                    receiver.read = receiver.spool.first().copied();
                }
            }
            Action::Commit(which) => {
                let hook = self.late.remove(which);
                self.put(setup, hook);
            }
            Action::Abort(which) => {
                self.late.remove(which);
            }
            Action::BeginErasure => self.begin_erasure(setup),
            Action::Erase => self.erase(setup),
            Action::CrashEraser => {
                self.crashes -= 1;
                self.erasing = None;
            }
            Action::Merge(at, fate) => self.merge(setup, at, fate),
            Action::Forget(at) => self.forget(setup, at),
            Action::CrashReceiver(at) => self.crash_receiver(at),
            Action::Claim(worker, entry) => {
                let lease = self.claim(setup, entry);
                let claimed = lease.map(|lease| Working::Claimed { entry, lease });
                self.set_worker(worker, claimed);
            }
            Action::LoseClaim(entry) => {
                self.faults -= 1;
                self.claim(setup, entry);
            }
            Action::Handle(worker, how) => self.handle(setup, worker, how),
            Action::Settle(worker, fate) => self.settle(setup, worker, fate),
            Action::PutBack(worker) => self.put_back(setup, worker),
            Action::CrashWorker(worker) => {
                self.crashes -= 1;
                self.set_worker(worker, None);
            }
            Action::Replay(entry) => {
                self.replays -= 1;
                self.queue.replay(entry, NOW);
                self.replayed |= 1 << entry;
            }
        }
        self.judge();
    }

    fn arrive(&mut self, setup: &Setup, at: usize) {
        let Some(receiver) = self.receivers.get_mut(at) else {
            return;
        };
        let hooks = setup.hooks.get(at).map_or(&[][..], Vec::as_slice);
        if let Some(hook) = hooks.get(receiver.came).copied() {
            receiver.came += 1;
            self.begin(setup, at, hook);
        }
    }

    /// The rule of a receiver: while anything is in the spool, what comes goes there too.
    fn begin(&mut self, setup: &Setup, at: usize, hook: HookId) {
        let Some(receiver) = self.receivers.get_mut(at) else {
            return;
        };
        if self.erasing.is_some() {
            self.may_be_gone |= setup.erased & (1 << hook);
        }
        if self.came & (1 << hook) == 0 {
            self.came |= 1 << hook;
            let answered = receiver.answered.iter();
            if let Some(before) = self.before.get_mut(usize::from(hook)) {
                *before = answered.fold(0, |bits, other| bits | 1 << other);
            }
        }
        let is_first = receiver.spool.is_empty() || setup.has(Mistake::OvertakesSpool);
        receiver.doing = Some(match is_first {
            true => Receiving::Putting(hook),
            false => Receiving::Spooling(hook),
        });
        if setup.has(Mistake::AnswersFirst) {
            receiver.answered.push(hook);
        }
    }

    fn put_hook(&mut self, setup: &Setup, at: usize, fate: Fate) {
        let Some(Receiving::Putting(hook)) = self.doing(at) else {
            return;
        };
        self.write(setup, hook, fate);
        let next = match fate {
            Fate::Written => Receiving::Answering {
                hook,
                is_kept: true,
            },
            _ if setup.has(Mistake::TrustsLostAnswers) => Receiving::Answering {
                hook,
                is_kept: true,
            },
            Fate::Unknown | Fate::Late | Fate::Failed => Receiving::Spooling(hook),
        };
        self.set_doing(at, Some(next));
    }

    fn spool_hook(&mut self, setup: &Setup, at: usize, fate: Fate) {
        let Some(Receiving::Spooling(hook)) = self.doing(at) else {
            return;
        };
        self.count(fate);
        let Some(receiver) = self.receivers.get_mut(at) else {
            return;
        };
        if fate != Fate::Failed {
            receiver.spool.push(hook);
            if setup.has(Mistake::DoesNotSync) {
                receiver.unsynced += 1;
            }
        }
        let is_kept = fate == Fate::Written;
        receiver.doing = Some(Receiving::Answering { hook, is_kept });
    }

    fn answer(&mut self, setup: &Setup, at: usize) {
        let Some(Receiving::Answering { hook, is_kept }) = self.doing(at) else {
            return;
        };
        if let Some(receiver) = self.receivers.get_mut(at)
            && is_kept
            && !receiver.answered.contains(&hook)
            && !setup.has(Mistake::AnswersFirst)
        {
            receiver.answered.push(hook);
        }
        self.set_doing(at, None);
    }

    fn merge(&mut self, setup: &Setup, at: usize, fate: Fate) {
        let Some(receiver) = self.receivers.get_mut(at) else {
            return;
        };
        let hook = match (setup.erased, setup.has(Mistake::MergesBackwards)) {
            (0, true) => receiver.spool.last().copied(),
            (0, false) => receiver.spool.first().copied(),
            _ => receiver.read.take(),
        };
        let Some(hook) = hook else { return };
        // Right before the commit it looks whether the file is still there.
        if !receiver.spool.contains(&hook) && !setup.has(Mistake::MergesWhatItRead) {
            return;
        }
        if setup.has(Mistake::ForgetsFirst) {
            receiver.spool.retain(|other| *other != hook);
        }
        self.write(setup, hook, fate);
        if let Some(receiver) = self.receivers.get_mut(at) {
            receiver.merged = (fate == Fate::Written).then_some(hook);
        }
    }

    fn forget(&mut self, setup: &Setup, at: usize) {
        if let Some(receiver) = self.receivers.get_mut(at) {
            let Some(hook) = receiver.merged.take() else {
                return;
            };
            if setup.has(Mistake::ForgetsAll) {
                receiver.spool.clear();
            } else if let Some(place) = receiver.spool.iter().position(|other| *other == hook) {
                receiver.spool.remove(place);
            }
            receiver.unsynced = receiver.unsynced.min(receiver.spool.len());
        }
    }

    fn crash_receiver(&mut self, at: usize) {
        self.crashes -= 1;
        if let Some(receiver) = self.receivers.get_mut(at) {
            receiver.doing = None;
            receiver.merged = None;
            receiver.read = None;
            let synced = receiver.spool.len() - receiver.unsynced;
            receiver.spool.truncate(synced);
            receiver.unsynced = 0;
        }
    }

    /// The database takes a hook, or does not.
    fn write(&mut self, setup: &Setup, hook: HookId, fate: Fate) {
        self.count(fate);
        match fate {
            Fate::Written | Fate::Unknown => self.put(setup, hook),
            Fate::Late => self.late.push(hook),
            Fate::Failed => {}
        }
    }

    fn put(&mut self, setup: &Setup, hook: HookId) {
        let mut key = (hook, 0);
        if setup.has(Mistake::HasNoKey) {
            self.keys += 1;
            key.1 = self.keys;
        }
        let conversation = setup.conversations.get(usize::from(hook)).copied();
        let conversation = conversation.filter(|_| !setup.has(Mistake::HasNoOrder));
        if self.queue.put(key, conversation, NOW) == Put::Stored {
            self.last.push(0);
        }
    }

    fn begin_erasure(&mut self, setup: &Setup) {
        let answered = self.receivers.iter().flat_map(|one| &one.answered);
        let answered = answered.fold(0, |bits, hook| bits | 1 << hook) & setup.erased;
        self.may_be_gone |= self.came & setup.erased;
        self.erasing = Some(match setup.has(Mistake::ErasesDatabaseFirst) {
            true => Erasing::Database(answered),
            false => Erasing::Spools(answered),
        });
    }

    fn erase(&mut self, setup: &Setup) {
        let is_last = setup.has(Mistake::ErasesDatabaseFirst);
        self.erasing = match self.erasing.take() {
            Some(Erasing::Spools(answered)) => {
                for receiver in &mut self.receivers {
                    receiver
                        .spool
                        .retain(|hook| setup.erased & (1 << hook) == 0);
                }
                match is_last {
                    true => self.confirm_erasure(answered),
                    false => Some(Erasing::Writers(answered, self.late.clone())),
                }
            }
            Some(Erasing::Writers(answered, _)) => Some(Erasing::Database(answered)),
            Some(Erasing::Database(answered)) => {
                for at in 0..self.queue.entries().len() {
                    let hook = self.queue.entries().get(at).map(|entry| entry.key.0);
                    if hook.is_some_and(|hook| setup.erased & (1 << hook) != 0) {
                        self.queue.erase(at, NOW);
                    }
                }
                match is_last {
                    true => Some(Erasing::Spools(answered)),
                    false => self.confirm_erasure(answered),
                }
            }
            None => None,
        };
    }

    fn confirm_erasure(&mut self, answered: u32) -> Option<Erasing> {
        self.erasures -= 1;
        self.is_gone |= answered;
        None
    }

    fn claim(&mut self, setup: &Setup, entry: usize) -> Option<Lease> {
        self.claims -= 1;
        self.drawn += 1;
        let token = match setup.has(Mistake::ComparesNumbersAlone) {
            true => 1,
            false => u128::from(self.drawn),
        };
        let lease = self.queue.claim(entry, token, NOW, NOW)?;
        if let Some(last) = self.last.get_mut(entry) {
            *last = self.drawn;
        }
        let hook = self.queue.entries().get(entry).map(|entry| entry.key.0);
        if hook.is_some_and(|hook| self.is_gone & (1 << hook) != 0) {
            self.broken.get_or_insert(Broken::ErasedHandedOver);
        }
        if self.overtakes(setup, entry) {
            self.broken.get_or_insert(Broken::OutOfOrder);
        }
        Some(lease)
    }

    /// Whether something of its conversation that its receiver had answered before it came has not
    /// ended.
    fn overtakes(&self, setup: &Setup, entry: usize) -> bool {
        let Some(hook) = self.queue.entries().get(entry).map(|entry| entry.key.0) else {
            return false;
        };
        let of = |hook: HookId| setup.conversations.get(usize::from(hook));
        let has_ended = |hook: HookId| {
            let state = self.state_of(hook);
            matches!(state, Some(EntryState::Done | EntryState::Failed))
        };
        let is_replayed = |hook: HookId| {
            let mut entries = self.queue.entries().iter();
            let place = entries.position(|entry| entry.key.0 == hook);
            place.is_some_and(|place| self.replayed & (1 << place) != 0)
        };
        let before = self.before.get(usize::from(hook)).copied();
        let mut earlier = (0..).zip(&setup.conversations).map(|(other, _)| other);
        earlier.any(|other: HookId| {
            before.unwrap_or_default() & (1 << other) != 0
                && of(other) == of(hook)
                && !has_ended(other)
                && !self.may_be_gone(other)
                && !is_replayed(other)
        })
    }

    fn handle(&mut self, setup: &Setup, worker: usize, how: SettleFate) {
        let Some(Some(Working::Claimed { entry, lease })) = self.workers.get(worker).copied()
        else {
            return;
        };
        let hook = self.queue.entries().get(entry).map(|entry| entry.key.0);
        if let Some(hook) = hook
            && how == SettleFate::Done
            && !setup.has(Mistake::SettlesFirst)
        {
            self.handled |= 1 << hook;
        }
        self.set_worker(worker, Some(Working::Ending { entry, lease, how }));
    }

    fn put_back(&mut self, setup: &Setup, worker: usize) {
        let Some(Some(Working::Claimed { entry, lease })) = self.workers.get(worker).copied()
        else {
            return;
        };
        if self.queue.put_back(entry, lease, NOW) && !self.is_last(setup, entry, worker, lease) {
            self.broken.get_or_insert(Broken::SettledTooLate);
        }
        self.set_worker(worker, None);
    }

    fn settle(&mut self, setup: &Setup, worker: usize, fate: Fate) {
        let Some(Some(Working::Ending { entry, lease, how })) = self.workers.get(worker).copied()
        else {
            return;
        };
        self.count(fate);
        if fate != Fate::Failed {
            let shown = match setup.has(Mistake::SettlesUnfenced) {
                true => self
                    .queue
                    .entries()
                    .get(entry)
                    .and_then(|entry| entry.lease),
                false => Some(lease),
            };
            let reason = String::new;
            let settlement = match how {
                SettleFate::Done => Settlement::Done,
                SettleFate::Again => Settlement::Again {
                    pause: Duration::ZERO,
                    reason: reason(),
                },
                SettleFate::Failed => Settlement::Failed { reason: reason() },
            };
            let is_settled =
                shown.is_some_and(|shown| self.queue.settle(entry, shown, &settlement, NOW));
            if is_settled && !self.is_last(setup, entry, worker, lease) {
                self.broken.get_or_insert(Broken::SettledTooLate);
            }
        }
        if setup.has(Mistake::SettlesFirst) && how == SettleFate::Done && fate == Fate::Written {
            // It handles now.
            let hook = self.queue.entries().get(entry).map(|entry| entry.key.0);
            self.judge();
            self.handled |= hook.map_or(0, |hook| 1 << hook);
        }
        // One that got no answer settles again.
        if fate == Fate::Written {
            self.set_worker(worker, None);
        }
    }

    /// Whether the lease is that of the last attempt, as the world knows it: with the mistake that
    /// all tokens are one, the number of the draw is not in the lease, so attempts are compared.
    fn is_last(&self, setup: &Setup, entry: usize, worker: usize, lease: Lease) -> bool {
        if !setup.has(Mistake::ComparesNumbersAlone) {
            let last = self.last.get(entry).copied().unwrap_or_default();
            return lease.token == u128::from(last);
        }
        // Two workers have the same lease: one of them is not the last.
        let others = self
            .workers
            .iter()
            .enumerate()
            .filter(|(own, _)| *own != worker);
        !others.into_iter().any(|(_, other)| match other {
            Some(Working::Claimed {
                entry: at,
                lease: own,
            }) => (*at, *own) == (entry, lease),
            _ => false,
        })
    }

    /// The rules that hold at every moment.
    fn judge(&mut self) {
        if self.broken.is_some() {
            return;
        }
        let entries = self.queue.entries();
        let answered = self.receivers.iter().flat_map(|one| &one.answered);
        let is_somewhere = |hook: &HookId| {
            entries.iter().any(|entry| entry.key.0 == *hook)
                || self.receivers.iter().any(|one| one.spool.contains(hook))
        };
        let is_head = |state: EntryState| matches!(state, EntryState::Head { .. });
        let mut pairs = entries
            .iter()
            .enumerate()
            .flat_map(|(at, one)| entries.iter().skip(at + 1).map(move |other| (one, other)));
        let is_there = |state: EntryState| state != EntryState::Erased;
        let twice = pairs.clone().any(|(one, other)| {
            one.key.0 == other.key.0 && is_there(one.state) && is_there(other.state)
        });
        let two_heads = pairs.any(|(one, other)| {
            one.conversation.is_some()
                && one.conversation == other.conversation
                && is_head(one.state)
                && is_head(other.state)
        });
        let unhandled = entries
            .iter()
            .any(|entry| entry.state == EntryState::Done && !self.is_handled(entry.key.0));
        let lost = answered
            .into_iter()
            .any(|hook| !is_somewhere(hook) && !self.may_be_gone(*hook));
        self.broken = [
            (lost, Broken::Lost),
            (unhandled, Broken::DoneUnhandled),
            (twice, Broken::Twice),
            (two_heads, Broken::TwoHeads),
        ]
        .into_iter()
        .find_map(|(is_broken, rule)| is_broken.then_some(rule));
    }

    fn count(&mut self, fate: Fate) {
        if fate != Fate::Written {
            self.faults -= 1;
        }
    }

    pub(crate) fn doing(&self, at: usize) -> Option<Receiving> {
        self.receivers.get(at)?.doing
    }

    fn set_doing(&mut self, at: usize, doing: Option<Receiving>) {
        if let Some(receiver) = self.receivers.get_mut(at) {
            receiver.doing = doing;
        }
    }

    fn set_worker(&mut self, worker: usize, working: Option<Working>) {
        if let Some(own) = self.workers.get_mut(worker) {
            *own = working;
        }
    }

    pub(crate) fn claimable(&self) -> Vec<usize> {
        self.queue.claimable(NOW)
    }
}
