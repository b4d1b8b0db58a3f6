//! The rules of the inbox: what is one hook, whose turn it is, who may settle, how long it waits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use kommo_account::AccountId;
use kommo_hooks::inbox::{
    EntryState, HandlingOutcome, HookAccount, HookFacts, NewHook, Put, Queue, REASON_MAX_CHARS,
    RetryPolicy, Settlement, UnsignedKind,
};
use kommo_hooks::{
    ChatHookVerifier, FromProven, HookKind, OpenApiVerifier, ReceivedSignature, dangerous,
};
use kommo_sign::{AppSecret, ChannelSecret, ChatHookKey, KeyId, KeyRing, OpenApiKey};
use proptest::prelude::*;

const NOW: u64 = 1_796_000_000;

fn chat_verifier() -> ChatHookVerifier {
    let key = ChatHookKey::new(&ChannelSecret::new("channel-secret").unwrap());
    let mut keys = KeyRing::new();
    keys.insert(KeyId::parse("2026-11").unwrap(), key, None)
        .unwrap();
    ChatHookVerifier::new(keys)
}

fn chat<'a>(body: &'a str, facts: HookFacts<'_>) -> NewHook<'a> {
    let key = ChatHookKey::new(&ChannelSecret::new("channel-secret").unwrap());
    let signature = key.sign(body.trim_end().as_bytes());
    let signature = ReceivedSignature::from_text(signature.as_str());
    let proven = chat_verifier()
        .verify(body.as_bytes(), signature, NOW)
        .unwrap();
    NewHook::proven(&proven, facts)
}

fn open_api(body: &str) -> NewHook<'_> {
    let key = OpenApiKey::new(&AppSecret::new("app-secret").unwrap());
    let signature = key.sign(body.as_bytes());
    let mut keys: KeyRing<OpenApiKey> = KeyRing::new();
    keys.insert(KeyId::parse("current").unwrap(), key, None)
        .unwrap();
    let signature = ReceivedSignature::from_text(signature.as_str());
    let proven = OpenApiVerifier::new(keys)
        .verify(body.as_bytes(), signature, NOW)
        .unwrap();
    NewHook::proven(&proven, HookFacts::new("other"))
}

fn account(number: u64) -> Option<HookAccount> {
    Some(HookAccount::Crm(AccountId::from_number(number).unwrap()))
}

#[test]
fn a_repeat_has_the_key_of_the_first_and_nothing_else_has() {
    let facts = HookFacts::new("message");
    let first = chat("{\"a\":1}", facts);
    // What the signature covers is what counts: not the line feed after it.
    assert_eq!(first.key(), chat("{\"a\":1}\n", facts).key());
    assert_ne!(first.key(), chat("{\"a\":2}", facts).key());
    assert_ne!(first.key(), open_api("{\"a\":1}").key());
    // The id of a message counts more than its bytes, in its account and for its event.
    let known = facts.of_account(account(1)).with_id("m1");
    let message = chat("{\"a\":1}", known);
    assert_eq!(message.key(), chat("{\"a\":2}", known).key());
    assert_ne!(message.key(), first.key());
    for other in [
        known.with_id("m2"),
        known.of_account(account(2)),
        HookFacts::new("reaction")
            .of_account(account(1))
            .with_id("m1"),
    ] {
        assert_ne!(message.key(), chat("{\"a\":1}", other).key());
    }
}

#[test]
fn equal_unsigned_bodies_are_two_hooks_unless_their_request_says_otherwise() {
    let facts = HookFacts::new("crm").of_account(account(1));
    let hook = |nonce, facts| NewHook::unsigned(UnsignedKind::Crm, b"a=1", [nonce; 16], facts);
    let by_content = |facts| NewHook::unsigned_by_content(UnsignedKind::Crm, b"a=1", facts);
    let other = HookFacts::new("crm").with_id("another-request");
    assert_eq!(
        by_content(other).key(),
        by_content(HookFacts::new("crm")).key()
    );
    assert_ne!(by_content(other).key(), hook(1, other).key());
    assert_ne!(hook(1, facts).key(), hook(2, facts).key());
    let named = facts.with_id("5ed0c0b7");
    assert_eq!(hook(1, named).key(), hook(2, named).key());
}

#[test]
fn a_conversation_belongs_to_its_account() {
    let facts = HookFacts::new("message").in_conversation("c1");
    let one = chat("{}", facts.of_account(account(1))).conversation();
    assert!(one.is_some());
    assert_eq!(
        one,
        chat("{\"b\":1}", facts.of_account(account(1))).conversation()
    );
    assert_ne!(one, chat("{}", facts.of_account(account(2))).conversation());
    assert_ne!(one, chat("{}", facts).conversation());
    assert_eq!(chat("{}", HookFacts::new("message")).conversation(), None);
}

struct Length(usize);

impl FromProven<'_> for Length {
    type Error = ();

    fn from_proven(bytes: &[u8]) -> Result<Self, ()> {
        if bytes.is_empty() {
            Err(())
        } else {
            Ok(Self(bytes.len()))
        }
    }
}

#[test]
fn what_was_proven_before_it_was_stored_says_so_and_shows_no_byte() {
    let proof = dangerous::recorded_proof("chat", "2026-11", NOW).unwrap();
    assert_eq!(proof.kind, HookKind::Chat);
    let stored = dangerous::proven_when_stored(&b"planted"[..], proof);
    assert_eq!(stored.read::<Length>().unwrap().get().0, 7);
    assert!(!format!("{stored:?}").contains("planted"));
    assert!(
        dangerous::proven_when_stored(&b""[..], proof)
            .read::<Length>()
            .is_err()
    );
    for (kind, key) in [("unsigned-crm", "2026-11"), ("chat", ""), ("", "2026-11")] {
        assert_eq!(dangerous::recorded_proof(kind, key, NOW), None);
    }
    let hook = chat("{\"planted\":1}", HookFacts::new("message"));
    assert!(!format!("{hook:?}").contains("planted"));
}

#[test]
fn pauses_double_up_to_the_longest_and_are_spread() {
    let policy = RetryPolicy::DEFAULT;
    for attempt in 1..200 {
        let whole = (5_000_u64 << u64::from((attempt - 1).min(30))).min(3_600_000);
        let shortest = policy.pause_after(attempt, 0);
        assert_eq!(shortest.as_millis(), u128::from(whole / 2), "{attempt}");
        let longest = policy.pause_after(attempt, whole - whole / 2);
        assert_eq!(longest.as_millis(), u128::from(whole), "{attempt}");
    }
}

fn later(not_before: Option<Duration>) -> HandlingOutcome {
    let reason = "http 503".to_owned();
    HandlingOutcome::Later { reason, not_before }
}

#[test]
fn an_attempt_leads_to_a_pause_or_to_the_end() {
    let policy = RetryPolicy::DEFAULT;
    assert_eq!(
        policy.settle(HandlingOutcome::Done, 99, Duration::ZERO, 0),
        Settlement::Done
    );
    let settled =
        |not_before, attempt| policy.settle(later(not_before), attempt, Duration::ZERO, 0);
    let again = |seconds| Settlement::Again {
        pause: Duration::from_secs(seconds),
        reason: "http 503".to_owned(),
    };
    assert_eq!(settled(Some(Duration::from_secs(60)), 1), again(60));
    assert_eq!(settled(Some(Duration::from_secs(1)), 3), again(10));
    assert_eq!(settled(Some(Duration::MAX), 1), again(3_600));
    assert!(matches!(settled(None, 23), Settlement::Again { .. }));
    assert!(matches!(settled(None, 24), Settlement::Failed { .. }));
    assert!(!policy.is_over(24) && policy.is_over(25));
    let reason = "a\0b\n".repeat(200);
    let Settlement::Failed { reason } =
        policy.settle(HandlingOutcome::Refused { reason }, 1, Duration::ZERO, 0)
    else {
        panic!("refused is failed")
    };
    assert_eq!(reason.chars().count(), REASON_MAX_CHARS);
    assert!(!reason.chars().any(char::is_control));
}

#[test]
fn an_other_side_that_is_away_costs_no_attempt_and_a_weekend_fails_nothing() {
    let policy = RetryPolicy::DEFAULT;
    let away = |not_before, seconds| {
        let reason = "no connection".to_owned();
        let outcome = HandlingOutcome::Away { reason, not_before };
        policy.settle(outcome, 24, Duration::from_secs(seconds), 0)
    };
    let paused = |seconds| Settlement::Away {
        pause: Duration::from_secs(seconds),
        reason: "no connection".to_owned(),
    };
    let hour = 3_600;
    // Halves, since nothing is drawn: it grows with the age, up to five minutes.
    for (age, pause) in [(40, 5), (400, 50), (1_200, 150), (72 * hour, 150)] {
        assert_eq!(away(None, age), paused(pause), "{age}");
    }
    assert_eq!(
        policy.pause_away(Duration::ZERO, 0),
        Duration::from_millis(2_500)
    );
    let asked = Some(Duration::from_secs(900));
    assert_eq!(away(asked, 72 * hour), paused(900));
    assert_eq!(away(Some(Duration::MAX), 1), paused(3_600));
    // What never comes back is an end after all.
    assert_eq!(away(None, 168 * hour), paused(150));
    assert!(matches!(
        away(None, 168 * hour + 1),
        Settlement::Failed { .. }
    ));

    let mut queue: Queue<u8, u8> = Queue::new();
    queue.put(1, Some(1), 0);
    for round in 0..100 {
        let lease = queue.claim(0, round, 0, 10).unwrap();
        assert_eq!(lease.attempt, 1);
        let paused = paused(0);
        assert!(queue.settle(0, lease, &paused, 0));
        assert!(!queue.settle(0, lease, &paused, 0));
    }
}

#[test]
fn a_conversation_has_one_head_and_keeps_its_order() {
    let mut queue = Queue::new();
    for key in [1, 2, 3] {
        assert_eq!(queue.put(key, Some('a'), key), Put::Stored);
    }
    assert_eq!(queue.put(4, Some('b'), 4), Put::Stored);
    assert_eq!(queue.put(2, Some('a'), 5), Put::Duplicate);
    assert_eq!(queue.claimable(10), [0, 3]);
    let lease = queue.claim(0, 7, 10, 20).unwrap();
    assert_eq!(queue.claimable(19), [3]);
    assert!(queue.settle(0, lease, &Settlement::Done, 11));
    assert_eq!(queue.claimable(11), [3, 1]);
    // What waits after a pause is still in front of the others.
    let lease = queue.claim(1, 8, 11, 20).unwrap();
    let pause = Duration::from_millis(100);
    let again = Settlement::Again {
        pause,
        reason: String::new(),
    };
    assert!(queue.settle(1, lease, &again, 12));
    assert_eq!(queue.claimable(111), [3]);
    let lease = queue.claim(1, 9, 112, 120).unwrap();
    assert_eq!(lease.attempt, 2);
    // One that failed is in nobody's way; replayed, it comes before the younger ones again.
    let failed = Settlement::Failed {
        reason: String::new(),
    };
    assert!(queue.settle(1, lease, &failed, 113));
    assert_eq!(queue.claimable(113), [3, 2]);
    assert!(queue.replay(1, 114) && !queue.replay(1, 114));
    let lease = queue.claim(2, 10, 114, 120).unwrap();
    assert!(queue.settle(2, lease, &Settlement::Done, 115));
    assert_eq!(queue.claimable(115), [3, 1]);
    assert_eq!(queue.claim(1, 11, 115, 120).unwrap().attempt, 1);
}

#[test]
fn a_worker_whose_lease_ended_is_refused_once_another_began() {
    let mut queue = Queue::new();
    queue.put(1, Some('a'), 0);
    let old = queue.claim(0, 7, 0, 10).unwrap();
    assert_eq!(queue.claim(0, 8, 9, 20), None);
    assert!(queue.renew(0, old, 12));
    assert_eq!(queue.claim(0, 8, 11, 20), None);
    let new = queue.claim(0, 8, 12, 30).unwrap();
    assert!(!queue.renew(0, old, 40));
    assert!(!queue.settle(0, old, &Settlement::Done, 13));
    assert_eq!(queue.entries()[0].state, EntryState::Head { due_at: 30 });
    assert!(queue.settle(0, new, &Settlement::Done, 13));
    assert!(!queue.settle(0, new, &Settlement::Done, 13));
}

proptest! {
    /// Whatever happens in whatever order: a conversation has one head as long as anything of it
    /// waits, and of two entries of it the younger is not done while the older waits, but for one
    /// that was replayed.
    #[test]
    fn the_rules_hold_after_any_steps(steps in proptest::collection::vec((0..5_u8, 0..6_usize, 0..3_u8), 0..80)) {
        let mut queue = Queue::new();
        let mut leases = Vec::new();
        for (now, (step, number, conversation)) in (0_u64..).zip(steps) {
            match step {
                0 => { queue.put(now, Some(conversation), now); }
                1 => {
                    let lease = queue.claim(number, u128::from(now), now, now + 3);
                    leases.extend(lease.map(|lease| (number, lease)));
                }
                2 | 3 => if let Some((number, lease)) = leases.pop() {
                    let settlement = match conversation {
                        0 => Settlement::Done,
                        1 => Settlement::Failed { reason: String::new() },
                        _ => Settlement::Again { pause: Duration::ZERO, reason: String::new() },
                    };
                    queue.settle(number, lease, &settlement, now);
                },
                _ => { queue.replay(number, now); }
            }
            for conversation in 0..3 {
                let of_it = queue.entries().iter().filter(|entry| entry.conversation == Some(conversation));
                let states: Vec<_> = of_it.map(|entry| entry.state).collect();
                let heads = states.iter().filter(|state| matches!(state, EntryState::Head { .. })).count();
                let waits = states.iter().any(|state| !matches!(state, EntryState::Done | EntryState::Failed));
                prop_assert_eq!(heads, usize::from(waits));
            }
        }
    }
}

#[test]
fn an_erased_entry_is_not_known_and_the_next_one_leads() {
    let mut queue = Queue::new();
    for key in [1, 2] {
        assert_eq!(queue.put(key, Some("a"), 0), Put::Stored);
    }
    let lease = queue.claim(0, 7, 0, 0).unwrap();
    queue.erase(0, 5);
    assert_eq!(queue.entries()[0].state, EntryState::Erased);
    assert_eq!(queue.claimable(5), [1]);
    // The attempt that was on its way, and a replay, have no effect.
    assert!(!queue.settle(0, lease, &Settlement::Done, 5));
    assert!(!queue.replay(0, 5));
    // The same hook may come again.
    assert_eq!(queue.put(1, Some("a"), 6), Put::Stored);
    assert_eq!(queue.put(1, Some("a"), 6), Put::Duplicate);
}
