//! The rules of the inbox as a state machine, in the plainest form. Nothing here is durable: a
//! store has the same in tables.

use alloc::vec::Vec;

use crate::inbox::lease::Lease;
use crate::inbox::outcome::Settlement;

/// What became of a hook that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Put {
    /// It is an entry now.
    Stored,
    /// It was one before.
    Duplicate,
    /// The database did not take it, and it is in a spool: as durable, and an entry later.
    Spooled,
    /// As many unsigned hooks of its account wait as may.
    Full,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryState {
    /// It waits behind the head of its conversation.
    Behind,
    /// It can be claimed from this instant on. While it is leased, that is the end of the lease.
    Head {
        /// The instant.
        due_at: u64,
    },
    /// It is done.
    Done,
    /// It has failed for good.
    Failed,
    /// It was erased, and is not known any more.
    Erased,
}

/// An entry: `K` is what it is known by, `C` what its conversation is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct QueueEntry<K, C> {
    /// What it is known by.
    pub key: K,
    /// Its conversation, if it is handled in an order.
    pub conversation: Option<C>,
    /// Where it stands.
    pub state: EntryState,
    /// How many attempts have begun since it was put or replayed.
    pub attempts: u32,
    /// The lease of the last attempt, until that is settled.
    pub lease: Option<Lease>,
}

/// The inbox. Entries stand in the order in which they were put; their number is their place.
/// Instants are milliseconds of one clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue<K, C> {
    entries: Vec<QueueEntry<K, C>>,
}

impl<K: PartialEq, C: PartialEq + Clone> Queue<K, C> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// All entries, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[QueueEntry<K, C>] {
        &self.entries
    }

    /// Takes a hook.
    pub fn put(&mut self, key: K, conversation: Option<C>, now: u64) -> Put {
        let is_known =
            |entry: &QueueEntry<K, C>| entry.key == key && entry.state != EntryState::Erased;
        if self.entries.iter().any(is_known) {
            return Put::Duplicate;
        }
        self.entries.push(QueueEntry {
            key,
            conversation: conversation.clone(),
            state: EntryState::Behind,
            attempts: 0,
            lease: None,
        });
        self.promote(conversation.as_ref(), now);
        Put::Stored
    }

    /// The entries that can be claimed now, the longest due first.
    #[must_use]
    pub fn claimable(&self, now: u64) -> Vec<usize> {
        let due = |(number, entry): (usize, &QueueEntry<K, C>)| match entry.state {
            EntryState::Head { due_at } if due_at <= now => Some((due_at, number)),
            _ => None,
        };
        let mut due: Vec<_> = self.entries.iter().enumerate().filter_map(due).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, number)| number).collect()
    }

    /// Begins an attempt at an entry that can be claimed. `None`: it cannot.
    pub fn claim(&mut self, number: usize, token: u128, now: u64, until: u64) -> Option<Lease> {
        let entry = self.entries.get_mut(number)?;
        if !matches!(entry.state, EntryState::Head { due_at } if due_at <= now) {
            return None;
        }
        entry.attempts = entry.attempts.saturating_add(1);
        entry.state = EntryState::Head { due_at: until };
        let lease = Lease::new(token, entry.attempts);
        entry.lease = Some(lease);
        Some(lease)
    }

    /// Lengthens a lease. `false`: it is not that of the last attempt.
    pub fn renew(&mut self, number: usize, lease: Lease, until: u64) -> bool {
        let is_last = self.is_last(number, lease);
        match self.entries.get_mut(number) {
            Some(entry) if is_last => {
                entry.state = EntryState::Head { due_at: until };
                true
            }
            _ => false,
        }
    }

    /// Ends an attempt. `false`: its lease is not that of the last attempt, and nothing changes.
    pub fn settle(
        &mut self,
        number: usize,
        lease: Lease,
        settlement: &Settlement,
        now: u64,
    ) -> bool {
        let is_last = self.is_last(number, lease);
        let Some(entry) = self.entries.get_mut(number).filter(|_| is_last) else {
            return false;
        };
        entry.lease = None;
        if matches!(settlement, Settlement::Away { .. }) {
            entry.attempts = entry.attempts.saturating_sub(1);
        }
        entry.state = match settlement {
            Settlement::Done => EntryState::Done,
            Settlement::Failed { .. } => EntryState::Failed,
            Settlement::Again { pause, .. } | Settlement::Away { pause, .. } => EntryState::Head {
                due_at: now.saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
            },
        };
        let conversation = entry.conversation.clone();
        self.promote(conversation.as_ref(), now);
        true
    }

    /// Ends an attempt that came to nothing, since the worker cannot read the entry: it does not
    /// count, and another may begin from `due_at` on. `false`: its lease is not that of the last
    /// attempt, and nothing changes.
    pub fn put_back(&mut self, number: usize, lease: Lease, due_at: u64) -> bool {
        let is_last = self.is_last(number, lease);
        let Some(entry) = self.entries.get_mut(number).filter(|_| is_last) else {
            return false;
        };
        entry.attempts = entry.attempts.saturating_sub(1);
        entry.lease = None;
        entry.state = EntryState::Head { due_at };
        true
    }

    /// Lets an entry that has failed wait again, in its old place. `false`: it has not failed.
    pub fn replay(&mut self, number: usize, now: u64) -> bool {
        let Some(entry) = self.entries.get_mut(number) else {
            return false;
        };
        if entry.state != EntryState::Failed {
            return false;
        }
        entry.state = EntryState::Behind;
        entry.attempts = 0;
        let conversation = entry.conversation.clone();
        self.promote(conversation.as_ref(), now);
        true
    }

    /// Erases an entry. An attempt at it that is on its way ends without an effect.
    pub fn erase(&mut self, number: usize, now: u64) {
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        entry.state = EntryState::Erased;
        entry.lease = None;
        let conversation = entry.conversation.clone();
        self.promote(conversation.as_ref(), now);
    }

    fn is_last(&self, number: usize, lease: Lease) -> bool {
        let entry = self.entries.get(number);
        entry.is_some_and(|entry| entry.lease == Some(lease))
    }

    /// Gives a conversation a head if it has none and something waits. What has no conversation is
    /// a head of its own.
    fn promote(&mut self, conversation: Option<&C>, now: u64) {
        let of_it = |entry: &&mut QueueEntry<K, C>| entry.conversation.as_ref() == conversation;
        let mut next = None;
        for entry in self.entries.iter_mut().filter(of_it) {
            match entry.state {
                EntryState::Head { .. } if conversation.is_some() => return,
                EntryState::Behind if next.is_none() => next = Some(entry),
                _ => {}
            }
        }
        if let Some(entry) = next {
            entry.state = EntryState::Head { due_at: now };
        }
    }
}

impl<K: PartialEq, C: PartialEq + Clone> Default for Queue<K, C> {
    fn default() -> Self {
        Self::new()
    }
}
