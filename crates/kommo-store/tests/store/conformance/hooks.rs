//! The inbox: one entry a hook, one at a time of a conversation, nothing settled by a worker whose
//! lease ended, nothing lost.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::Mutex;

use kommo_account::Realm;
use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook, Put, UnsignedKind};
use kommo_keeper::{StoreError as _, StoreErrorKind};
use kommo_store::{HookFilter, HookState, Inbox, InboxName, InboxSettings};
use tokio::task::JoinSet;

use crate::conformance::{on_both, place};
use crate::hook_samples::{
    body, chats_account, crm_account, inbox, inbox_with, number_of, numbers_of, proven, put,
    put_unsigned,
};
use crate::place::Place;
use crate::samples::{MARKER, account, client, encrypted_with};

on_both! {
    a_thousand_repeats_are_one_hook
    a_hook_comes_out_as_it_was_proven
    hooks_that_come_together_are_durable_when_they_are_answered
    a_hook_that_is_done_stays_known_without_its_bytes_until_a_sweep
    two_processes_and_four_workers_keep_the_order_of_each_conversation
    an_other_side_that_is_away_costs_no_attempt
    a_hook_that_waits_again_holds_its_conversation_and_no_other
    a_worker_whose_lease_ended_settles_nothing
    a_lease_that_is_renewed_does_not_end
    what_fails_for_good_is_seen_and_replayed_by_filter
    a_person_lists_inboxes_and_their_hooks_by_any_filter_and_sees_one_whole
    a_replay_of_many_comes_to_an_end_while_they_fail_again
    attempts_that_end_without_a_word_fail_for_good
    unsigned_hooks_of_one_account_are_bounded
    a_repeat_of_an_unsigned_hook_that_is_done_is_known
    an_erasure_takes_the_hooks_of_the_account
    an_erasure_of_many_leaves_the_others_and_their_order
    repeats_of_unsigned_hooks_take_no_room
    two_inboxes_share_nothing
    bodies_are_encrypted_as_the_store_is_and_sealed_anew
}

async fn a_thousand_repeats_are_one_hook<P: Place>() {
    let place = place!(P);
    let (one, other) = (place.open().await, place.open().await);
    let inboxes = [inbox(&Arc::new(one)), inbox(&Arc::new(other))];
    let mut repeats = JoinSet::new();
    for number in 0..1_000 {
        let inbox = inboxes[number % 2].clone();
        repeats.spawn(async move { put(&inbox, 1, "c").await });
    }
    let puts = repeats.join_all().await;
    let stored = puts.iter().filter(|put| **put == Put::Stored).count();
    let known = puts.iter().filter(|put| **put == Put::Duplicate).count();
    assert_eq!((stored, known), (1, 999));
    assert_eq!(inboxes[0].claim(10).await.unwrap().len(), 1);
}

async fn a_hook_comes_out_as_it_was_proven<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let inbox = inbox(&store);
    put(&inbox, 1, "c").await;
    let hooks = inbox.claim(10).await.unwrap();
    let hook = &hooks[0];
    let stored = hook.proven().unwrap();
    assert_eq!(*stored.get(), body(1).as_bytes());
    assert_eq!(stored.proof().kind.name(), "chat");
    assert_eq!(stored.proof().key_id.as_str(), "2026-11");
    assert_eq!(stored.proof().verified_at, 1_796_000_000);
    assert!(hook.unsigned().is_none());
    assert_eq!((hook.event(), hook.attempt()), ("message", 1));
    assert_eq!(hook.account(), Some(&*chats_account().to_string()));
    assert_eq!(hook.key().len(), 32);
    assert!(!format!("{hook:?} {inbox:?}").contains(MARKER));
}

async fn hooks_that_come_together_are_durable_when_they_are_answered<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let inbox_of_one = inbox(&store);
    let mut coming = JoinSet::new();
    for number in 0..300 {
        let inbox = inbox_of_one.clone();
        coming.spawn(async move { put(&inbox, number, &format!("c{}", number % 40)).await });
    }
    assert!(
        coming
            .join_all()
            .await
            .iter()
            .all(|put| *put == Put::Stored)
    );
    // Another process sees all of them.
    let other = inbox(&Arc::new(place.open().await));
    let mut numbers = Vec::new();
    loop {
        let hooks = other.claim(100).await.unwrap();
        if hooks.is_empty() {
            break;
        }
        numbers.extend(numbers_of(&hooks));
        let done: Vec<_> = hooks
            .iter()
            .map(|hook| (hook, HandlingOutcome::Done))
            .collect();
        assert!(other.settle_all(&done).await.unwrap().iter().all(|is| *is));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..300).collect::<Vec<_>>());
    assert_eq!(other.depth().await.unwrap().waiting, 0);
}

async fn a_hook_that_is_done_stays_known_without_its_bytes_until_a_sweep<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    let inbox_now = inbox_with(&store, settings.clone());
    put(&inbox_now, 1, "c").await;
    let hook = inbox_now.claim(1).await.unwrap().remove(0);
    assert!(
        inbox_now
            .settle(&hook, HandlingOutcome::Done)
            .await
            .unwrap()
    );
    assert_eq!(put(&inbox_now, 1, "c").await, Put::Duplicate);
    // Nothing is left of the body: a record that is not empty could not be deleted here.
    place
        .sql("DELETE FROM kommo_hooks WHERE length(record) > 0")
        .await;
    let swept = inbox_now.sweep().await.unwrap();
    assert_eq!((swept.done, swept.failed, swept.mended), (0, 0, 0));
    settings.keep_done = Duration::ZERO;
    let inbox_later = inbox_with(&store, settings);
    assert_eq!(inbox_later.sweep().await.unwrap().done, 1);
    assert_eq!(put(&inbox_later, 1, "c").await, Put::Stored);
}

async fn two_processes_and_four_workers_keep_the_order_of_each_conversation<P: Place>() {
    let place = place!(P);
    let receiver = inbox(&Arc::new(place.open().await));
    let conversations = ["a", "b", "c"];
    let expected: u64 = 60;
    let handled: Arc<Mutex<BTreeMap<String, Vec<u64>>>> = Arc::default();
    let in_hand: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let inbox = inbox(&Arc::new(place.open().await));
        let (handled, in_hand) = (Arc::clone(&handled), Arc::clone(&in_hand));
        workers.spawn(async move {
            loop {
                let all = handled
                    .lock()
                    .unwrap()
                    .values()
                    .map(Vec::len)
                    .sum::<usize>();
                if all as u64 == expected {
                    return;
                }
                for hook in inbox.claim(2).await.unwrap() {
                    let conversation = hook.conversation().unwrap().to_owned();
                    {
                        let mut in_hand = in_hand.lock().unwrap();
                        assert!(!in_hand.contains(&conversation), "two of one conversation");
                        in_hand.push(conversation.clone());
                    }
                    tokio::task::yield_now().await;
                    handled
                        .lock()
                        .unwrap()
                        .entry(conversation.clone())
                        .or_default()
                        .push(number_of(&hook));
                    in_hand
                        .lock()
                        .unwrap()
                        .retain(|other| *other != conversation);
                    assert!(inbox.settle(&hook, HandlingOutcome::Done).await.unwrap());
                }
            }
        });
    }
    // One after the other for each conversation, as one sender does.
    let mut senders = JoinSet::new();
    for (offset, conversation) in (0..).zip(conversations) {
        let receiver = receiver.clone();
        senders.spawn(async move {
            for number in 0..expected / 3 {
                assert_eq!(
                    put(&receiver, number * 3 + offset, conversation).await,
                    Put::Stored
                );
            }
        });
    }
    senders.join_all().await;
    workers.join_all().await;
    let handled = handled.lock().unwrap();
    assert_eq!(handled.len(), 3);
    for numbers in handled.values() {
        assert_eq!(numbers.len() as u64, expected / 3);
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

fn later(seconds: u64) -> HandlingOutcome {
    HandlingOutcome::Later {
        reason: "http 503".to_owned(),
        not_before: Some(Duration::from_secs(seconds)),
    }
}

async fn an_other_side_that_is_away_costs_no_attempt<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.retry.attempts = 2;
    settings.retry.first_pause = Duration::ZERO;
    let inbox = inbox_with(&store, settings);
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "a").await;
    for _ in 0..5 {
        let hooks = inbox.claim(10).await.unwrap();
        assert_eq!(numbers_of(&hooks), [1]);
        assert_eq!(hooks[0].attempt(), 1);
        let away = HandlingOutcome::away("no connection");
        assert!(inbox.settle(&hooks[0], away.clone()).await.unwrap());
        assert!(!inbox.settle(&hooks[0], away).await.unwrap());
        let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
        let waits = &lines[0];
        assert_eq!((waits.state, waits.attempts), (HookState::Waiting, 0));
        assert_eq!(waits.reason.as_deref(), Some("no connection"));
        place
            .sql("UPDATE kommo_hooks SET due_at = 0 WHERE due_at IS NOT NULL")
            .await;
    }
    // Attempts count as before.
    for state in [HookState::Waiting, HookState::Failed] {
        let hooks = inbox.claim(1).await.unwrap();
        assert!(inbox.settle(&hooks[0], later(0)).await.unwrap());
        let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
        assert_eq!(lines[0].state, state);
        place
            .sql("UPDATE kommo_hooks SET due_at = 0 WHERE due_at IS NOT NULL")
            .await;
    }
}

async fn a_hook_that_waits_again_holds_its_conversation_and_no_other<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    for (number, conversation) in [(1, "a"), (2, "a"), (3, "b")] {
        put(&inbox, number, conversation).await;
    }
    let hooks = inbox.claim(10).await.unwrap();
    assert_eq!(numbers_of(&hooks), [1, 3]);
    assert!(inbox.settle(&hooks[0], later(600)).await.unwrap());
    assert!(
        inbox
            .settle(&hooks[1], HandlingOutcome::Done)
            .await
            .unwrap()
    );
    assert!(inbox.claim(10).await.unwrap().is_empty());
    let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    let waits = &lines[0];
    assert_eq!(
        (waits.state, waits.attempts, waits.is_leased),
        (HookState::Waiting, 1, false)
    );
    assert_eq!(waits.reason.as_deref(), Some("http 503"));
    assert!(waits.due_in.unwrap() > Duration::from_secs(500));
    assert_eq!(lines[1].due_in, None, "it is behind the first");
    assert_eq!(lines[2].state, HookState::Done);
    let depth = inbox.depth().await.unwrap();
    assert_eq!((depth.waiting, depth.failed), (2, 0));
    assert!(depth.oldest.is_some());
    // A clock that was far ahead has put it off for ever.
    place
        .sql("UPDATE kommo_hooks SET due_at = due_at + 900000000 WHERE due_at IS NOT NULL")
        .await;
    assert_eq!(inbox.sweep().await.unwrap().mended, 1);
    let hooks = inbox.claim(10).await.unwrap();
    assert_eq!(numbers_of(&hooks), [1]);
    assert_eq!(hooks[0].attempt(), 2);
}

async fn a_worker_whose_lease_ended_settles_nothing<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.lease = Duration::ZERO;
    let slow = inbox_with(&store, settings);
    let quick = inbox(&Arc::new(place.open().await));
    put(&slow, 1, "a").await;
    put(&slow, 2, "a").await;
    let late = slow.claim(10).await.unwrap().remove(0);
    let hook = quick.claim(10).await.unwrap().remove(0);
    assert_eq!((number_of(&hook), hook.attempt()), (1, 2));
    for outcome in [HandlingOutcome::Done, later(1)] {
        assert!(!slow.settle(&late, outcome).await.unwrap());
    }
    assert!(!slow.renew(&late).await.unwrap());
    // The late one changed nothing: neither is the second handed out, nor is the first done.
    assert!(quick.claim(10).await.unwrap().is_empty());
    assert!(quick.settle(&hook, HandlingOutcome::Done).await.unwrap());
    assert!(!quick.settle(&hook, HandlingOutcome::Done).await.unwrap());
    assert_eq!(numbers_of(&quick.claim(10).await.unwrap()), [2]);
}

async fn a_lease_that_is_renewed_does_not_end<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.lease = Duration::ZERO;
    let short = inbox_with(&store, settings);
    let long = inbox(&store);
    put(&long, 1, "a").await;
    let hook = short.claim(1).await.unwrap().remove(0);
    assert!(long.renew(&hook).await.unwrap());
    assert!(long.claim(1).await.unwrap().is_empty());
    assert!(long.settle(&hook, HandlingOutcome::Done).await.unwrap());
}

async fn what_fails_for_good_is_seen_and_replayed_by_filter<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "a").await;
    let typing = HookFacts::new("typing").of_account(Some(chats_account()));
    inbox.put(&proven(&body(3), typing)).await.unwrap();
    let refused = || HandlingOutcome::Refused {
        reason: "no such customer\0\n".to_owned(),
    };
    let hooks = inbox.claim(10).await.unwrap();
    assert_eq!(numbers_of(&hooks), [1, 3]);
    for hook in &hooks {
        assert!(inbox.settle(hook, refused()).await.unwrap());
    }
    // A hook that failed is in nobody's way, is known, and keeps its body.
    assert_eq!(put(&inbox, 1, "a").await, Put::Duplicate);
    let second = inbox.claim(10).await.unwrap().remove(0);
    assert_eq!(number_of(&second), 2);
    let mut failed = HookFilter::new();
    failed.state = Some(HookState::Failed);
    let lines = inbox.list(&failed, 0, 10).await.unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].reason.as_deref(), Some("no such customer  "));
    let next = inbox.list(&failed, lines[0].id, 10).await.unwrap();
    assert_eq!((next.len(), next[0].id), (1, lines[1].id));
    let mut other = HookFilter::new();
    other.kind = Some("open-api".to_owned());
    assert_eq!(inbox.replay(&other).await.unwrap(), 0);
    let mut messages = HookFilter::new();
    messages.event = Some("message".to_owned());
    messages.account = Some(chats_account());
    messages.kind = Some("chat".to_owned());
    messages.key = Some(lines[0].key.clone());
    assert_eq!(inbox.replay(&messages).await.unwrap(), 1);
    // One of its conversation is being handled: it waits for that.
    assert!(inbox.claim(10).await.unwrap().is_empty());
    assert!(inbox.settle(&second, HandlingOutcome::Done).await.unwrap());
    let again = inbox.claim(10).await.unwrap();
    assert_eq!((numbers_of(&again), again[0].attempt()), (vec![1], 1));
    assert_eq!(inbox.replay(&HookFilter::new()).await.unwrap(), 1);
    assert_eq!(numbers_of(&inbox.claim(10).await.unwrap()), [3]);
}

async fn a_person_lists_inboxes_and_their_hooks_by_any_filter_and_sees_one_whole<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    assert!(store.inboxes().await.unwrap().is_empty());
    let inbox = inbox(&store);
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "b").await;
    put(&inbox, 3, "a").await;
    put_unsigned(&inbox, 1, 77).await;
    let names: Vec<_> = store.inboxes().await.unwrap();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].realm, Realm::Real);
    assert_eq!(names[0].name.as_str(), crate::samples::CLIENT);
    let numbers = |lines: &[kommo_store::HookLine]| -> Vec<i64> {
        lines.iter().map(|line| line.id).collect()
    };
    let all = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    let ids = numbers(&all);
    assert_eq!(ids.len(), 4);
    // The newest first, and before one.
    let newest = async |before| {
        let lines = inbox.list_newest(&HookFilter::new(), before, 2).await;
        numbers(&lines.unwrap())
    };
    assert_eq!(newest(None).await, [ids[3], ids[2]]);
    assert_eq!(newest(Some(ids[2])).await, [ids[1], ids[0]]);
    // Each field of the filter alone.
    let chosen = async |set: &dyn Fn(&mut HookFilter)| {
        let mut filter = HookFilter::new();
        set(&mut filter);
        numbers(&inbox.list(&filter, 0, 10).await.unwrap())
    };
    let conversation = all[0].conversation.clone();
    assert_eq!(conversation, all[2].conversation);
    assert_eq!(
        chosen(&|filter| filter.conversation.clone_from(&conversation)).await,
        [ids[0], ids[2]]
    );
    for wrong in ["", "zz", "00000000000000000000000000000000"] {
        assert!(
            chosen(&|filter| filter.conversation = Some(wrong.to_owned()))
                .await
                .is_empty()
        );
        assert!(
            chosen(&|filter| filter.key = Some(wrong.to_owned()))
                .await
                .is_empty()
        );
    }
    assert_eq!(chosen(&|filter| filter.id = Some(ids[1])).await, [ids[1]]);
    assert_eq!(
        chosen(&|filter| filter.key = Some(all[1].key.clone())).await,
        [ids[1]]
    );
    assert_eq!(
        chosen(&|filter| filter.kind = Some("unsigned-crm".to_owned())).await,
        [ids[3]]
    );
    assert_eq!(
        chosen(&|filter| filter.event = Some("crm".to_owned())).await,
        [ids[3]]
    );
    assert_eq!(
        chosen(&|filter| filter.account = Some(crm_account(77))).await,
        [ids[3]]
    );
    let hour = Some(Duration::from_secs(3_600));
    assert_eq!(chosen(&|filter| filter.younger_than = hour).await, ids);
    assert!(chosen(&|filter| filter.older_than = hour).await.is_empty());
    place
        .sql("UPDATE kommo_hooks SET stored_at = stored_at - 7200000 WHERE id = (SELECT MIN(id) FROM kommo_hooks)")
        .await;
    assert_eq!(chosen(&|filter| filter.younger_than = hour).await, ids[1..]);
    assert_eq!(chosen(&|filter| filter.older_than = hour).await, ids[..1]);
    for hook in inbox.claim(10).await.unwrap() {
        let outcome = match hook.id() == ids[0] {
            true => HandlingOutcome::Done,
            false => HandlingOutcome::Refused {
                reason: "no".to_owned(),
            },
        };
        assert!(inbox.settle(&hook, outcome).await.unwrap());
    }
    for (state, expected) in [
        (HookState::Done, vec![ids[0]]),
        (HookState::Failed, vec![ids[1], ids[3]]),
        (HookState::Waiting, vec![ids[2]]),
    ] {
        assert_eq!(chosen(&|filter| filter.state = Some(state)).await, expected);
    }
    // One as a whole: of what is done the bytes are gone.
    let done = inbox.hook(ids[0]).await.unwrap().unwrap();
    assert!(done.proven().is_none() && done.unsigned().is_none());
    let failed = inbox.hook(ids[1]).await.unwrap().unwrap();
    assert_eq!(failed.line.reason.as_deref(), Some("no"));
    let proven = failed.proven().unwrap();
    assert_eq!(*proven.get(), body(2).as_bytes());
    assert_eq!(proven.proof().key_id.as_str(), "2026-11");
    let unsigned = inbox.hook(ids[3]).await.unwrap().unwrap();
    assert_eq!(unsigned.unsigned().unwrap().1, b"leads[add][0][id]=1");
    assert!(inbox.hook(ids[3] + 1).await.unwrap().is_none());
    assert!(!format!("{failed:?}").contains(MARKER));
    // A replay by time.
    let mut old = HookFilter::new();
    old.older_than = hour;
    assert_eq!(inbox.replay(&old).await.unwrap(), 0);
    let mut young = HookFilter::new();
    young.younger_than = hour;
    young.account = Some(crm_account(77));
    assert_eq!(inbox.replay(&young).await.unwrap(), 1);
}

async fn a_replay_of_many_comes_to_an_end_while_they_fail_again<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let inbox_of_one = inbox(&store);
    let mut coming = JoinSet::new();
    for number in 0..250 {
        let inbox = inbox_of_one.clone();
        coming.spawn(async move { put(&inbox, number, &format!("c{number}")).await });
    }
    coming.join_all().await;
    let fail_all = async || {
        let mut failed = 0;
        loop {
            let hooks = inbox_of_one.claim(100).await.unwrap();
            let refused = HandlingOutcome::Refused {
                reason: "no".to_owned(),
            };
            let all: Vec<_> = hooks.iter().map(|hook| (hook, refused.clone())).collect();
            if all.is_empty() {
                return failed;
            }
            inbox_of_one.settle_all(&all).await.unwrap();
            failed += all.len();
        }
    };
    assert_eq!(fail_all().await, 250);
    let filter = HookFilter::new();
    let mut replaying = core::pin::pin!(inbox_of_one.replay(&filter));
    let replayed = loop {
        tokio::select! {
            biased;
            replayed = &mut replaying => break replayed.unwrap(),
            _ = fail_all() => {}
        }
    };
    assert_eq!(replayed, 250);
}

async fn attempts_that_end_without_a_word_fail_for_good<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.lease = Duration::ZERO;
    settings.retry.attempts = 2;
    let inbox = inbox_with(&store, settings);
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "a").await;
    for attempt in [1, 2] {
        assert_eq!(inbox.claim(1).await.unwrap()[0].attempt(), attempt);
    }
    assert!(inbox.claim(1).await.unwrap().is_empty());
    let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    assert_eq!(lines[0].state, HookState::Failed);
    assert!(lines[0].reason.is_some() && lines[0].ended.is_some());
    assert_eq!(numbers_of(&inbox.claim(1).await.unwrap()), [2]);
}

async fn unsigned_hooks_of_one_account_are_bounded<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.unsigned_at_most = 3;
    let inbox = inbox_with(&store, settings);
    let mut coming = JoinSet::new();
    for nonce in 0..20 {
        let inbox = inbox.clone();
        coming.spawn(async move { put_unsigned(&inbox, nonce, 1).await });
    }
    let puts = coming.join_all().await;
    assert_eq!(puts.iter().filter(|put| **put == Put::Stored).count(), 3);
    assert_eq!(puts.iter().filter(|put| **put == Put::Full).count(), 17);
    // Those of no account have the room of one, and name none.
    let text = b"a=1";
    let facts = HookFacts::new("crm");
    let nameless = NewHook::unsigned(UnsignedKind::Crm, text, [9; 16], facts);
    assert_eq!(inbox.put(&nameless).await.unwrap(), Put::Stored);
    let hook = inbox
        .list_newest(&HookFilter::new(), None, 1)
        .await
        .unwrap();
    assert_eq!(hook[0].account, None);
    let claimed = inbox.claim(10).await.unwrap();
    let last = claimed.iter().find(|claimed| claimed.id() == hook[0].id);
    assert_eq!(last.unwrap().account(), None);
    place
        .sql("DELETE FROM kommo_hooks WHERE account = 'none'")
        .await;
    place
        .sql("UPDATE kommo_hooks SET leased_until = 0 WHERE leased_until IS NOT NULL")
        .await;
    // Neither another account nor what is proven is kept out.
    assert_eq!(put_unsigned(&inbox, 100, 2).await, Put::Stored);
    assert_eq!(put(&inbox, 1, "a").await, Put::Stored);
    let hooks = inbox.claim(10).await.unwrap();
    assert_eq!(hooks.len(), 5);
    let unsigned: Vec<_> = hooks
        .iter()
        .filter(|hook| hook.proven().is_none())
        .collect();
    assert_eq!(unsigned.len(), 4);
    assert_eq!(unsigned[0].unsigned().unwrap().1, b"leads[add][0][id]=1");
    for hook in &unsigned {
        assert!(inbox.settle(hook, HandlingOutcome::Done).await.unwrap());
    }
    // What is done takes no room.
    assert_eq!(put_unsigned(&inbox, 101, 1).await, Put::Stored);
}

/// The request of the CRM with this id.
async fn put_request(inbox: &Inbox, id: &str, account: u64) -> Put {
    let facts = HookFacts::new("crm").of_account(Some(crm_account(account)));
    let hook = NewHook::unsigned(UnsignedKind::Crm, b"a=1", [0; 16], facts.with_id(id));
    inbox.put(&hook).await.unwrap()
}

async fn handle_all(inbox: &Inbox) -> usize {
    let mut handled = 0;
    loop {
        let hooks = inbox.claim(10).await.unwrap();
        let outcomes: Vec<_> = hooks
            .iter()
            .map(|hook| (hook, HandlingOutcome::Done))
            .collect();
        let settled = inbox.settle_all(&outcomes).await.unwrap();
        assert!(settled.iter().all(|is_settled| *is_settled));
        if hooks.is_empty() {
            return handled;
        }
        handled += hooks.len();
    }
}

async fn a_repeat_of_an_unsigned_hook_that_is_done_is_known<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.unsigned_known_at_most = 3;
    let inbox = inbox_with(&store, settings.clone());
    assert_eq!(put_request(&inbox, "r-0", 1).await, Put::Stored);
    assert_eq!(handle_all(&inbox).await, 1);
    // The answer came too late, so the platform sends it again.
    assert_eq!(put_request(&inbox, "r-0", 1).await, Put::Duplicate);
    assert_eq!(handle_all(&inbox).await, 0);
    // Another request with the same content is another change.
    assert_eq!(put_request(&inbox, "r-1", 1).await, Put::Stored);
    let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    assert_eq!(lines[0].state, HookState::Done);
    // The newest stay known, of each account.
    put_request(&inbox, "other", 2).await;
    for number in 2..6 {
        put_request(&inbox, &format!("r-{number}"), 1).await;
    }
    assert_eq!(handle_all(&inbox).await, 6);
    assert_eq!(put_request(&inbox, "r-5", 1).await, Put::Duplicate);
    assert_eq!(put_request(&inbox, "r-3", 1).await, Put::Duplicate);
    assert_eq!(put_request(&inbox, "other", 2).await, Put::Duplicate);
    assert_eq!(put_request(&inbox, "r-2", 1).await, Put::Stored);
    handle_all(&inbox).await;
    let lines = inbox.list(&HookFilter::new(), 0, 20).await.unwrap();
    assert_eq!(lines.len(), 4);
    // And for as long as what was proven.
    settings.keep_done = Duration::ZERO;
    settings.unsigned_known_at_most = 0;
    let inbox = inbox_with(&store, settings);
    assert_eq!(inbox.sweep().await.unwrap().done, 4);
    // None is to be known.
    assert_eq!(put_request(&inbox, "r-5", 1).await, Put::Stored);
    handle_all(&inbox).await;
    assert!(
        inbox
            .list(&HookFilter::new(), 0, 9)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn an_erasure_takes_the_hooks_of_the_account<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let inbox = inbox(&store);
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "a").await;
    put_unsigned(&inbox, 1, account().get()).await;
    put_unsigned(&inbox, 2, 77).await;
    // One of the same integration, and one whose name only begins alike.
    let named = |ending: &str| {
        let name = format!("{}{ending}", crate::samples::CLIENT);
        let name = InboxName::parse(&name).unwrap();
        let mut settings = InboxSettings::new();
        settings.put_within = Duration::from_secs(60);
        Inbox::new(&store, Realm::Real, name, settings)
    };
    let (of_kind, other) = (named(".crm"), named("x.crm"));
    for inbox in [&of_kind, &other] {
        put_unsigned(inbox, 1, account().get()).await;
    }
    let claimed = inbox.claim(10).await.unwrap();
    assert_eq!(claimed.len(), 3, "of the conversation, one");
    let erased = store.erase_account(Realm::Real, &client(), account()).await;
    assert_eq!(erased.unwrap().hooks, 2);
    assert_eq!(of_kind.depth().await.unwrap().waiting, 0);
    assert_eq!(other.depth().await.unwrap().waiting, 1);
    assert_eq!(inbox.erase_account(chats_account()).await.unwrap(), 2);
    assert_eq!(inbox.erase_account(crm_account(1)).await.unwrap(), 0);
    let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].account.as_deref(), Some("crm:77"));
    // Attempts that were on their way end in nothing.
    for hook in &claimed {
        let is_there = hook.account() == Some("crm:77");
        assert_eq!(
            inbox.settle(hook, HandlingOutcome::Done).await.unwrap(),
            is_there
        );
    }
    assert_eq!(put(&inbox, 1, "a").await, Put::Stored);
}

async fn an_erasure_of_many_leaves_the_others_and_their_order<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let inbox = inbox(&store);
    // More than a step erases, in conversations and without one, with others between them.
    for number in 0..240 {
        let account = crm_account(if number % 4 == 0 { 2 } else { 1 });
        let facts = HookFacts::new("message").of_account(Some(account));
        let (text, conversation) = (body(number), (number % 8).to_string());
        let facts = match number % 8 {
            7 => facts,
            _ => facts.in_conversation(&conversation),
        };
        let put = inbox.put(&proven(&text, facts)).await;
        assert_eq!(put.unwrap(), Put::Stored);
    }
    assert_eq!(inbox.erase_account(crm_account(1)).await.unwrap(), 180);
    let mut numbers = Vec::new();
    loop {
        let hooks = inbox.claim(1).await.unwrap();
        let Some(hook) = hooks.first() else { break };
        numbers.push(number_of(hook));
        assert!(inbox.settle(hook, HandlingOutcome::Done).await.unwrap());
    }
    for conversation in [0, 4] {
        let of_it: Vec<_> = numbers
            .iter()
            .filter(|of| *of % 8 == conversation)
            .collect();
        assert_eq!(of_it.len(), 30);
        assert!(of_it.is_sorted());
    }
    assert_eq!(numbers.len(), 60);
}

async fn repeats_of_unsigned_hooks_take_no_room<P: Place>() {
    let place = place!(P);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.unsigned_at_most = 3;
    let inbox = inbox_with(&Arc::new(place.open().await), settings);
    assert_eq!(put_unsigned(&inbox, 1, 1).await, Put::Stored);
    // In one transaction: two that are there, two equal ones, and one more than there is room for.
    let unsigned = |nonce| put_unsigned(&inbox, nonce, 1);
    let puts = tokio::join!(
        unsigned(1),
        unsigned(1),
        unsigned(2),
        unsigned(2),
        unsigned(3),
        unsigned(4)
    );
    let (known, new) = (Put::Duplicate, Put::Stored);
    assert_eq!(puts, (known, known, new, known, new, Put::Full));
    // It is full: a repeat is one all the same.
    assert_eq!(put_unsigned(&inbox, 2, 1).await, Put::Duplicate);
    assert_eq!(put_unsigned(&inbox, 4, 1).await, Put::Full);
}

async fn two_inboxes_share_nothing<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let one = inbox(&store);
    let sandbox = kommo_account::Endpoints::loopback("127.0.0.1:4010".parse().unwrap())
        .unwrap()
        .realm();
    let settings = || {
        let mut settings = InboxSettings::new();
        settings.put_within = Duration::from_secs(60);
        settings
    };
    let named = |realm, name: &str| {
        let name = InboxName::parse(name).unwrap();
        Inbox::new(&store, realm, name, settings())
    };
    let others = [
        named(Realm::Real, "other"),
        named(sandbox, crate::samples::CLIENT),
    ];
    put(&one, 1, "a").await;
    for other in &others {
        assert!(other.claim(10).await.unwrap().is_empty());
        assert_eq!(put(other, 1, "a").await, Put::Stored);
        assert_eq!(other.claim(10).await.unwrap().len(), 1);
        assert_eq!(other.depth().await.unwrap().waiting, 1);
    }
    assert_eq!(one.erase_account(chats_account()).await.unwrap(), 1);
    assert_eq!(others[0].depth().await.unwrap().waiting, 1);
    let mut names: Vec<_> = store.inboxes().await.unwrap();
    names.sort_by_key(|line| line.realm != sandbox);
    assert_eq!(names.len(), 3);
    assert_eq!(names[0].realm, sandbox);
    for wrong in ["", "a b", "a/b", &"x".repeat(65)] {
        assert!(InboxName::parse(wrong).is_err());
    }
}

async fn bodies_are_encrypted_as_the_store_is_and_sealed_anew<P: Place>() {
    let place = place!(P);
    let plain = Arc::new(place.open().await);
    put(&inbox(&plain), 1, "a").await;
    let store = Arc::new(place.open_with(encrypted_with(1)).await.unwrap());
    put(&inbox(&store), 2, "b").await;
    // Before the rotation both are read; one without the key reads the plain one.
    let rotated = store.rotate_encryption().await.unwrap();
    assert_eq!((rotated.resealed, rotated.current), (1, 1));
    let error = inbox(&plain).claim(10).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    assert!(!error.to_string().contains(MARKER));
    place
        .sql("UPDATE kommo_hooks SET due_at = 0 WHERE due_at IS NOT NULL")
        .await;
    let mut numbers = numbers_of(&inbox(&store).claim(10).await.unwrap());
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    // One body that was copied over another does not open.
    place
        .sql(
            "UPDATE kommo_hooks SET leased_until = 0, record = (SELECT record FROM kommo_hooks ORDER BY id LIMIT 1) \
             WHERE leased_until IS NOT NULL",
        )
        .await;
    let hooks = inbox(&store).claim(10).await.unwrap();
    assert_eq!(numbers_of(&hooks), [1]);
}
