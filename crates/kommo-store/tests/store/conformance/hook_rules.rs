//! The inbox against the rules of `kommo-hooks`, step by step: whatever is done in whatever order,
//! the database hands out what the small state machine hands out, and accepts what it accepts.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_hooks::inbox::{EntryState, HandlingOutcome, Lease, Queue, Settlement};
use kommo_keeper::{StoreError as _, StoreErrorKind};
use kommo_store::{ClaimedHook, HookFilter, HookState, Inbox, InboxSettings, Store};

use crate::conformance::{on_both, place};
use crate::hook_samples::{body, inbox_with, number_of, put};
use crate::place::Place;
use crate::samples::encrypted_with;

on_both! {
    the_database_does_what_the_rules_say
}

/// Numbers that look drawn and are the same in each run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// Longer than any test.
const LONG: u64 = u64::MAX / 4;

/// The rules and the database, and what was claimed of both.
struct Both {
    queue: Queue<u64, u64>,
    /// Whose leases are long, and whose end at once.
    long: Inbox,
    short: Inbox,
    /// Who has not the key of the records.
    keyless: Inbox,
    claims: Vec<(ClaimedHook, usize, Lease)>,
    now: u64,
}

impl Both {
    fn new(store: &Arc<Store>, keyless: &Arc<Store>) -> Self {
        let inbox = |store, lease| {
            let mut settings = InboxSettings::new();
            settings.put_within = Duration::from_secs(60);
            settings.retry.first_pause = Duration::ZERO;
            settings.lease = lease;
            inbox_with(store, settings)
        };
        Self {
            queue: Queue::new(),
            long: inbox(store, Duration::from_secs(3_600)),
            short: inbox(store, Duration::ZERO),
            keyless: inbox(keyless, Duration::ZERO),
            claims: Vec::new(),
            now: 0,
        }
    }

    async fn put(&mut self, number: u64, conversation: u64) {
        let expected = self.queue.put(number, Some(conversation), self.now);
        let done = put(&self.long, number, &conversation.to_string()).await;
        assert_eq!(done, expected, "putting {number}");
    }

    async fn claim(&mut self, is_long: bool) {
        let (inbox, until) = match is_long {
            true => (&self.long, LONG),
            false => (&self.short, self.now),
        };
        let hooks = inbox.claim(100).await.unwrap();
        let mut numbers: Vec<_> = hooks.iter().map(number_of).collect();
        let claimable = self.queue.claimable(self.now);
        let key = |place: &usize| self.queue.entries()[*place].key;
        let mut expected: Vec<_> = claimable.iter().map(key).collect();
        numbers.sort_unstable();
        expected.sort_unstable();
        assert_eq!(numbers, expected);
        for hook in hooks {
            let number = number_of(&hook);
            let entries = self.queue.entries();
            let place = entries
                .iter()
                .position(|entry| entry.key == number)
                .unwrap();
            let token = hook.lease().token;
            let lease = self.queue.claim(place, token, self.now, until).unwrap();
            assert_eq!(hook.lease(), lease);
            self.claims.push((hook, place, lease));
        }
    }

    /// Attempts that come to nothing, since no record is opened.
    async fn claim_without_key(&mut self) {
        let claimable = self.queue.claimable(self.now);
        let claimed = self.keyless.claim(100).await;
        match claimable.is_empty() {
            true => assert!(claimed.unwrap().is_empty()),
            false => assert_eq!(claimed.unwrap_err().kind(), StoreErrorKind::WrongKey),
        }
        for place in claimable {
            let claimed = self.queue.claim(place, u128::MAX, self.now, self.now);
            assert!(self.queue.put_back(place, claimed.unwrap(), self.now));
        }
    }

    async fn settle(&mut self, which: usize, how: u64) {
        if self.claims.is_empty() {
            return;
        }
        // Kept: it may be settled a second time, or too late.
        let (hook, place, lease) = self.claims[which % self.claims.len()].clone();
        let reason = String::new;
        let again = |seconds| {
            let pause = Duration::from_secs(seconds);
            let settlement = Settlement::Again {
                pause,
                reason: reason(),
            };
            let not_before = Some(pause);
            (
                settlement,
                HandlingOutcome::Later {
                    reason: reason(),
                    not_before,
                },
            )
        };
        let (settlement, outcome) = match how {
            0..3 => (Settlement::Done, HandlingOutcome::Done),
            3 => (
                Settlement::Failed { reason: reason() },
                HandlingOutcome::Refused { reason: reason() },
            ),
            4 => again(0),
            5 => (
                Settlement::Away {
                    pause: Duration::from_secs(3_600),
                    reason: reason(),
                },
                HandlingOutcome::Away {
                    reason: reason(),
                    not_before: Some(Duration::from_secs(3_600)),
                },
            ),
            _ => again(3_600),
        };
        let expected = self.queue.settle(place, lease, &settlement, self.now);
        let done = self.long.settle(&hook, outcome).await.unwrap();
        assert_eq!(done, expected, "settling {}", number_of(&hook));
    }

    async fn replay(&mut self, which: usize) {
        let count = self.queue.entries().len();
        if count == 0 {
            return;
        }
        let place = which % count;
        let mut filter = HookFilter::new();
        let lines = self.long.list(&HookFilter::new(), 0, 1_000).await.unwrap();
        filter.key = Some(lines[place].key.clone());
        let expected = u64::from(self.queue.replay(place, self.now));
        assert_eq!(self.long.replay(&filter).await.unwrap(), expected);
    }

    async fn check(&self) {
        let lines = self.long.list(&HookFilter::new(), 0, 1_000).await.unwrap();
        assert_eq!(lines.len(), self.queue.entries().len());
        for (line, entry) in lines.iter().zip(self.queue.entries()) {
            let (state, is_head) = match entry.state {
                EntryState::Behind => (HookState::Waiting, false),
                EntryState::Head { .. } => (HookState::Waiting, true),
                EntryState::Done => (HookState::Done, false),
                _ => (HookState::Failed, false),
            };
            assert_eq!((line.state, line.due_in.is_some()), (state, is_head));
            assert_eq!(line.attempts, entry.attempts);
            assert_eq!(line.is_leased, entry.lease.is_some());
        }
    }
}

async fn the_database_does_what_the_rules_say<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open_with(encrypted_with(1)).await.unwrap());
    let keyless = Arc::new(place.open().await);
    assert!(body(1) != body(2));
    let mut both = Both::new(&store, &keyless);
    let mut drawn = Drawn(7);
    for step in 0..400 {
        both.now += 1;
        let which = usize::try_from(drawn.below(1 << 20)).unwrap();
        match drawn.below(11) {
            0..4 => {
                // One in four is a repeat. A conversation is that of its hook.
                let number = match drawn.below(4) {
                    0 => drawn.below(step + 1),
                    _ => step,
                };
                both.put(number, number % 5).await;
            }
            4 => both.claim(true).await,
            5 => both.claim(false).await,
            6..9 => both.settle(which, drawn.below(7)).await,
            9 => both.claim_without_key().await,
            _ => both.replay(which).await,
        }
        both.check().await;
    }
    let states: Vec<_> = both
        .queue
        .entries()
        .iter()
        .map(|entry| entry.state)
        .collect();
    for state in [EntryState::Done, EntryState::Failed, EntryState::Behind] {
        assert!(
            states.contains(&state),
            "the steps were too tame: {state:?}"
        );
    }
}
