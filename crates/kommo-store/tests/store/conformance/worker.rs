//! The worker of an inbox: it begins at once, keeps the order, survives its handler and the
//! database, and ends without losing anything.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::pin::pin;
use core::time::Duration;
use std::sync::Mutex;

use kommo_hooks::inbox::HandlingOutcome;
use kommo_store::{
    ClaimedHook, HookFilter, HookState, Inbox, InboxSettings, InboxWorker, WorkerSettings,
};
use tokio::sync::{Notify, mpsc};

use crate::child::until_some;
use crate::conformance::{on_both, place};
use crate::hook_samples::{inbox, inbox_with, number_of, put};
use crate::place::Place;

on_both! {
    a_hook_of_this_process_wakes_the_worker_at_once
    two_workers_handle_each_hook_once_in_the_order_of_its_conversation
    a_handler_that_panics_or_takes_too_long_has_failed_an_attempt
    a_lease_is_renewed_while_its_handler_runs
    a_handler_whose_lease_was_lost_is_dropped
    no_more_hooks_are_handled_at_a_time_than_was_set
    what_was_handled_while_the_database_is_away_is_settled_afterwards
    a_worker_that_stops_lets_its_handlers_end_and_begins_no_more
    what_a_stopped_worker_cut_off_is_attempted_again
    a_worker_forgets_what_is_old_by_itself
}

const HOUR: Duration = Duration::from_secs(3_600);

/// Asks the database only after an hour by itself.
fn sleepy() -> WorkerSettings {
    let mut settings = WorkerSettings::new();
    settings.poll = HOUR;
    settings.drain_within = HOUR;
    settings
}

/// Asks all the time.
fn busy() -> WorkerSettings {
    let mut settings = sleepy();
    settings.poll = Duration::from_millis(5);
    settings
}

fn patient() -> InboxSettings {
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.retry.first_pause = Duration::ZERO;
    settings
}

/// Ends all leases, as time would.
async fn end_leases(place: &impl Place) {
    place
        .sql("UPDATE kommo_hooks SET leased_until = 0 WHERE leased_until IS NOT NULL")
        .await;
}

async fn a_hook_of_this_process_wakes_the_worker_at_once<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    let (handled, mut seen) = mpsc::unbounded_channel();
    let worker = InboxWorker::start(inbox.clone(), sleepy(), move |hook: Arc<ClaimedHook>| {
        let handled = handled.clone();
        async move {
            handled.send((number_of(&hook), hook.attempt())).unwrap();
            HandlingOutcome::Done
        }
    });
    // Two of one conversation: the second is claimed as soon as the first is settled.
    for number in [1, 2] {
        put(&inbox, number, "a").await;
    }
    assert_eq!(seen.recv().await, Some((1, 1)));
    assert_eq!(seen.recv().await, Some((2, 1)));
    put(&inbox, 3, "b").await;
    assert_eq!(seen.recv().await, Some((3, 1)));
    assert_eq!(worker.stop().await, 0);
    assert_eq!(inbox.depth().await.unwrap().waiting, 0);
    let mut filter = HookFilter::new();
    filter.state = Some(HookState::Done);
    assert_eq!(inbox.list(&filter, 0, 10).await.unwrap().len(), 3);
}

async fn two_workers_handle_each_hook_once_in_the_order_of_its_conversation<P: Place>() {
    let place = place!(P);
    let receiver = inbox(&Arc::new(place.open().await));
    let handled: Arc<Mutex<BTreeMap<String, Vec<u64>>>> = Arc::default();
    let (ended, mut ends) = mpsc::unbounded_channel();
    let mut workers = Vec::new();
    for _ in 0..2 {
        let (handled, ended) = (Arc::clone(&handled), ended.clone());
        let inbox = inbox(&Arc::new(place.open().await));
        let handler = move |hook: Arc<ClaimedHook>| {
            let (handled, ended) = (Arc::clone(&handled), ended.clone());
            async move {
                tokio::task::yield_now().await;
                let conversation = hook.conversation().unwrap().to_owned();
                let mut handled = handled.lock().unwrap();
                handled
                    .entry(conversation)
                    .or_default()
                    .push(number_of(&hook));
                ended.send(()).unwrap();
                HandlingOutcome::Done
            }
        };
        workers.push(InboxWorker::start(inbox, busy(), handler));
    }
    for number in 0..60 {
        put(&receiver, number, &(number % 4).to_string()).await;
    }
    for _ in 0..60 {
        ends.recv().await.unwrap();
    }
    for worker in workers {
        assert_eq!(worker.stop().await, 0);
    }
    assert_eq!(receiver.depth().await.unwrap().waiting, 0);
    let handled = handled.lock().unwrap();
    assert_eq!(handled.len(), 4);
    for numbers in handled.values() {
        assert_eq!(numbers.len(), 15, "none twice: {numbers:?}");
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

async fn a_handler_that_panics_or_takes_too_long_has_failed_an_attempt<P: Place>() {
    let place = place!(P);
    let inbox = inbox_with(&Arc::new(place.open().await), patient());
    let (began, mut attempts) = mpsc::unbounded_channel();
    let mut settings = busy();
    settings.attempt_within = Duration::from_millis(50);
    let worker = InboxWorker::start(inbox.clone(), settings, move |hook: Arc<ClaimedHook>| {
        began.send(hook.attempt()).unwrap();
        assert!(hook.attempt() != 1, "the call itself panics, as planned");
        async move {
            tokio::task::yield_now().await;
            match hook.attempt() {
                2 => panic!("the future panics, as planned"),
                3 => core::future::pending().await,
                _ => HandlingOutcome::Done,
            }
        }
    });
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "a").await;
    // The second of the conversation comes when the first is done.
    for expected in [1, 2, 3, 4, 1, 2, 3, 4] {
        assert_eq!(attempts.recv().await, Some(expected));
    }
    assert_eq!(worker.stop().await, 0);
    assert_eq!(inbox.depth().await.unwrap().waiting, 0);
}

async fn a_lease_is_renewed_while_its_handler_runs<P: Place>() {
    let place = place!(P);
    let mut settings = patient();
    settings.lease = Duration::from_secs(3);
    let inbox = inbox_with(&Arc::new(place.open().await), settings);
    let watching = inbox.clone();
    let worker = InboxWorker::start(inbox.clone(), sleepy(), move |_| {
        let inbox = watching.clone();
        async move {
            // The time that is left grows only by a renewal.
            let mut least = Duration::MAX;
            loop {
                let lines = inbox.list(&HookFilter::new(), 0, 1).await.unwrap();
                let left = lines[0].due_in.unwrap();
                if left > least {
                    return HandlingOutcome::Done;
                }
                least = left;
            }
        }
    });
    put(&inbox, 1, "a").await;
    while inbox.depth().await.unwrap().waiting > 0 {}
    assert_eq!(worker.stop().await, 0);
    let lines = inbox.list(&HookFilter::new(), 0, 1).await.unwrap();
    assert_eq!((lines[0].state, lines[0].attempts), (HookState::Done, 1));
}

/// Says that a future was dropped.
struct Dropped(mpsc::UnboundedSender<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

async fn a_handler_whose_lease_was_lost_is_dropped<P: Place>() {
    let place = place!(P);
    let mut settings = patient();
    settings.lease = Duration::from_millis(300);
    let slow = inbox_with(&Arc::new(place.open().await), settings);
    let other = inbox(&Arc::new(place.open().await));
    let (events, mut event) = mpsc::unbounded_channel();
    let worker = InboxWorker::start(slow.clone(), sleepy(), move |_| {
        let events = events.clone();
        async move {
            events.send("began").unwrap();
            let _dropped = Dropped(events);
            core::future::pending().await
        }
    });
    put(&slow, 1, "a").await;
    assert_eq!(event.recv().await, Some("began"));
    // A renewal may come between the end of the lease and the claim.
    let hook = loop {
        end_leases(&place).await;
        if let Some(hook) = other.claim(1).await.unwrap().pop() {
            break hook;
        }
    };
    assert_eq!(event.recv().await, Some("dropped"));
    assert!(other.settle(&hook, HandlingOutcome::Done).await.unwrap());
    assert_eq!(worker.stop().await, 0);
}

/// A handler that waits for a permit for each hook.
struct Gate {
    began: mpsc::UnboundedSender<u64>,
    opened: Notify,
}

fn gated(
    inbox: &Inbox,
    settings: WorkerSettings,
) -> (InboxWorker, Arc<Gate>, mpsc::UnboundedReceiver<u64>) {
    let (began, beginnings) = mpsc::unbounded_channel();
    let gate = Arc::new(Gate {
        began,
        opened: Notify::new(),
    });
    let handler = {
        let gate = Arc::clone(&gate);
        move |hook: Arc<ClaimedHook>| {
            let gate = Arc::clone(&gate);
            async move {
                gate.began.send(number_of(&hook)).unwrap();
                gate.opened.notified().await;
                HandlingOutcome::Done
            }
        }
    };
    (
        InboxWorker::start(inbox.clone(), settings, handler),
        gate,
        beginnings,
    )
}

async fn no_more_hooks_are_handled_at_a_time_than_was_set<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    for number in 0..5 {
        put(&inbox, number, &number.to_string()).await;
    }
    let mut settings = busy();
    settings.at_once = 2;
    let (worker, gate, mut began) = gated(&inbox, settings);
    began.recv().await.unwrap();
    began.recv().await.unwrap();
    let leased = async || {
        let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
        lines.iter().filter(|line| line.is_leased).count()
    };
    for _ in 0..3 {
        assert_eq!(leased().await, 2);
        assert!(began.is_empty());
        gate.opened.notify_one();
        began.recv().await.unwrap();
    }
    gate.opened.notify_one();
    gate.opened.notify_waiters();
    let stopping = worker.stop();
    let mut stopping = pin!(stopping);
    let left = loop {
        tokio::select! {
            left = &mut stopping => break left,
            () = tokio::task::yield_now() => gate.opened.notify_waiters(),
        }
    };
    assert_eq!(left, 0);
    assert_eq!(inbox.depth().await.unwrap().waiting, 0);
}

async fn what_was_handled_while_the_database_is_away_is_settled_afterwards<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    put(&inbox, 1, "a").await;
    let (worker, gate, mut began) = gated(&inbox, busy());
    assert_eq!(began.recv().await, Some(1));
    place
        .sql("ALTER TABLE kommo_hooks RENAME TO kommo_away")
        .await;
    gate.opened.notify_one();
    for _ in 0..3 {
        assert!(inbox.depth().await.is_err());
    }
    place
        .sql("ALTER TABLE kommo_away RENAME TO kommo_hooks")
        .await;
    assert_eq!(worker.stop().await, 0);
    let lines = inbox.list(&HookFilter::new(), 0, 1).await.unwrap();
    assert_eq!((lines[0].state, lines[0].attempts), (HookState::Done, 1));
}

async fn a_worker_that_stops_lets_its_handlers_end_and_begins_no_more<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    put(&inbox, 1, "a").await;
    let (worker, gate, mut began) = gated(&inbox, busy());
    assert_eq!(began.recv().await, Some(1));
    let mut stopping = pin!(worker.stop());
    tokio::select! {
        biased;
        _ = &mut stopping => panic!("a handler runs"),
        () = core::future::ready(()) => {}
    }
    put(&inbox, 2, "a").await;
    gate.opened.notify_one();
    assert_eq!(stopping.await, 0);
    assert!(began.is_empty());
    let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    let states: Vec<_> = lines
        .iter()
        .map(|line| (line.state, line.attempts))
        .collect();
    assert_eq!(states, [(HookState::Done, 1), (HookState::Waiting, 0)]);
}

async fn what_a_stopped_worker_cut_off_is_attempted_again<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    put(&inbox, 1, "a").await;
    let mut settings = busy();
    settings.drain_within = Duration::from_millis(20);
    let (worker, _gate, mut began) = gated(&inbox, settings.clone());
    assert_eq!(began.recv().await, Some(1));
    assert_eq!(worker.stop().await, 1);
    // The same when it is dropped.
    end_leases(&place).await;
    let (worker, _gate, mut began) = gated(&inbox, settings);
    assert_eq!(began.recv().await, Some(1));
    drop(worker);
    end_leases(&place).await;
    let hook = inbox.claim(1).await.unwrap().remove(0);
    assert_eq!((number_of(&hook), hook.attempt()), (1, 3));
    assert!(inbox.settle(&hook, HandlingOutcome::Done).await.unwrap());
}

async fn a_worker_forgets_what_is_old_by_itself<P: Place>() {
    let place = place!(P);
    let mut settings = patient();
    settings.keep_done = Duration::ZERO;
    settings.keep_failed = Duration::ZERO;
    let inbox = inbox_with(&Arc::new(place.open().await), settings);
    let mut sweeping = sleepy();
    sweeping.sweep_every = Some(Duration::from_millis(5));
    let worker =
        InboxWorker::start(
            inbox.clone(),
            sweeping,
            async |hook: Arc<ClaimedHook>| match number_of(&hook) {
                1 => HandlingOutcome::Done,
                _ => HandlingOutcome::Refused {
                    reason: "no".to_owned(),
                },
            },
        );
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "a").await;
    until_some(async || {
        let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
        lines.is_empty().then_some(())
    })
    .await;
    assert_eq!(worker.stop().await, 0);
}
