//! The inbox when something is wrong: with the tables, with one record, with the program.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_hooks::inbox::{HandlingOutcome, HookFacts, Put};
use kommo_keeper::{StoreError as _, StoreErrorKind};
use kommo_store::{HookFilter, HookState, InboxSettings, StoreSettings};

use crate::conformance::{on_both, place};
use crate::hook_samples::{body, inbox, inbox_with, numbers_of, proven, put};
use crate::log_lines::LogLines;
use crate::place::Place;
use crate::samples::encrypted_with;

on_both! {
    what_the_database_refuses_is_not_confirmed_and_can_be_put_again
    a_damaged_hook_keeps_no_other_from_its_handler_and_is_logged
    a_hook_of_a_newer_program_is_named
    a_worker_without_the_key_spends_no_attempt
    a_store_that_is_closed_confirms_nothing
    a_dropped_future_leaves_the_hook_as_a_whole_or_not_at_all
}

async fn what_the_database_refuses_is_not_confirmed_and_can_be_put_again<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    place
        .sql("ALTER TABLE kommo_hooks RENAME TO kommo_away")
        .await;
    let hooks = [body(1), body(2)];
    let new = |number: usize| proven(&hooks[number], HookFacts::new("message"));
    let (one, two) = (new(0), new(1));
    // Both wait for one transaction, or for two: each learns that it failed.
    let (first, second) = tokio::join!(inbox.put(&one), inbox.put(&two));
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert!(!error.to_string().contains("planted"), "{error}");
    }
    assert!(inbox.claim(1).await.is_err());
    assert!(inbox.depth().await.is_err());
    place
        .sql("ALTER TABLE kommo_away RENAME TO kommo_hooks")
        .await;
    assert_eq!(inbox.put(&one).await.unwrap(), Put::Stored);
    assert_eq!(inbox.put(&two).await.unwrap(), Put::Stored);
}

async fn a_damaged_hook_keeps_no_other_from_its_handler_and_is_logged<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    put(&inbox, 1, "a").await;
    put(&inbox, 2, "b").await;
    put(&inbox, 3, "a").await;
    place
        .sql(
            "UPDATE kommo_hooks SET kind = 'open-api' WHERE id = (SELECT MIN(id) FROM kommo_hooks)",
        )
        .await;
    let (log, _listening) = LogLines::listen();
    let hooks = inbox.claim(10).await.unwrap();
    assert_eq!(numbers_of(&hooks), [2]);
    let text = log.text();
    assert!(text.contains("is damaged: kind"), "{text}");
    assert!(
        inbox
            .settle(&hooks[0], HandlingOutcome::Done)
            .await
            .unwrap()
    );
    // It has failed with the true reason, and its conversation goes on.
    let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    assert_eq!(lines[0].state, HookState::Failed);
    let reason = lines[0].reason.as_deref().unwrap();
    assert!(reason.contains("is damaged: kind"), "{reason}");
    let hooks = inbox.claim(10).await.unwrap();
    assert_eq!(numbers_of(&hooks), [3]);
    let done = inbox.settle(&hooks[0], HandlingOutcome::Done).await;
    assert!(done.unwrap());
    // Alone, it is an error. Mended and replayed, it is handled.
    let mut filter = HookFilter::new();
    filter.state = Some(HookState::Failed);
    assert_eq!(inbox.replay(&filter).await.unwrap(), 1);
    let error = inbox.claim(10).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged);
    assert_eq!(inbox.replay(&filter).await.unwrap(), 1);
    let mended = "UPDATE kommo_hooks SET kind = 'chat' WHERE kind = 'open-api'";
    place.sql(mended).await;
    assert_eq!(numbers_of(&inbox.claim(10).await.unwrap()), [1]);
}

async fn a_hook_of_a_newer_program_is_named<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    put(&inbox, 1, "a").await;
    place.sql(P::NEWER_HOOKS).await;
    let error = inbox.claim(10).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NewerVersion);
    let lines = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    assert_eq!((lines[0].state, lines[0].attempts), (HookState::Waiting, 0));
}

async fn a_worker_without_the_key_spends_no_attempt<P: Place>() {
    let place = place!(P);
    let with_key = Arc::new(place.open_with(encrypted_with(1)).await.unwrap());
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.retry.attempts = 2;
    let with_key = inbox_with(&with_key, settings.clone());
    let without = inbox_with(&Arc::new(place.open().await), settings);
    put(&with_key, 1, "a").await;
    put(&with_key, 2, "a").await;
    for _ in 0..5 {
        let error = without.claim(10).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::WrongKey);
        let lines = without.list(&HookFilter::new(), 0, 10).await.unwrap();
        assert_eq!((lines[0].state, lines[0].attempts), (HookState::Waiting, 0));
        assert!(!lines[0].is_leased && !lines[0].due_in.unwrap().is_zero());
        assert!(lines[0].reason.as_deref().unwrap().contains("key"));
        place
            .sql("UPDATE kommo_hooks SET due_at = 0 WHERE due_at IS NOT NULL")
            .await;
    }
    // The order stays, and the one who has the key has all attempts.
    for number in [1, 2] {
        let hooks = with_key.claim(10).await.unwrap();
        assert_eq!(numbers_of(&hooks), [number]);
        assert_eq!(hooks[0].attempt(), 1);
        let done = with_key.settle(&hooks[0], HandlingOutcome::Done).await;
        assert!(done.unwrap());
    }
}

async fn a_store_that_is_closed_confirms_nothing<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    let inbox = inbox(&store);
    put(&inbox, 1, "a").await;
    store.close().await;
    let text = body(2);
    let hook = proven(&text, HookFacts::new("message"));
    let error = inbox.put(&hook).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    // One that only looks finds what there is.
    let looking = place.open_with(StoreSettings::new().read_only()).await;
    let looking = crate::hook_samples::inbox(&Arc::new(looking.unwrap()));
    assert_eq!(looking.depth().await.unwrap().waiting, 1);
}

async fn a_dropped_future_leaves_the_hook_as_a_whole_or_not_at_all<P: Place>() {
    let place = place!(P);
    let inbox = inbox(&Arc::new(place.open().await));
    let bodies: Vec<_> = (0..40).map(body).collect();
    for (polls, text) in bodies.iter().enumerate() {
        let hook = proven(text, HookFacts::new("message").in_conversation("a"));
        let mut putting = core::pin::pin!(inbox.put(&hook));
        for _ in 0..polls {
            tokio::select! {
                biased;
                put = &mut putting => { put.unwrap(); break; }
                () = tokio::task::yield_now() => {}
            }
        }
    }
    // Whatever became of each: now all are there, once, and come in one order.
    for text in &bodies {
        let hook = proven(text, HookFacts::new("message").in_conversation("a"));
        inbox.put(&hook).await.unwrap();
    }
    let mut numbers = Vec::new();
    loop {
        let hooks = inbox.claim(10).await.unwrap();
        let Some(hook) = hooks.first() else { break };
        assert_eq!(hooks.len(), 1);
        numbers.extend(numbers_of(&hooks));
        assert!(inbox.settle(hook, HandlingOutcome::Done).await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
}
