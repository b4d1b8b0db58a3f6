//! The stored form of a grant: what is written is read back equal, and whatever else is read is an
//! error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    Attempt, AttemptId, DisconnectReason, DoubtReason, EndWarning, Fingerprint, Generation, Grant,
    GrantKey, GrantState, Hold, HoldKind, HoldScope, LongLived, PairNumber, ReauthReason,
    Transition, UnsavedPair,
};
use kommo_oauth::stored_grant::{STORED_GRANT_VERSION, StoredGrantError};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3_600);
const MARKER: &str = "planted-0f3a";

fn key() -> GrantKey {
    GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321").unwrap()
}

fn host() -> AccountHost {
    AccountHost::parse("myshop.kommo.com").unwrap()
}

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(1_700_000_000 + seconds)
}

fn pair(number: u64) -> TokenPair {
    let mut pair = TokenPair::new(
        AccessToken::new(format!("{MARKER}-\"access\"-\\{number}")).unwrap(),
        RefreshToken::new(format!("{MARKER}-refresh-{number}")).unwrap(),
        at(number),
        at(number + 86_400),
    );
    pair.server_time = number.is_multiple_of(2).then(|| at(number + 3));
    pair
}

fn consented() -> Grant {
    Grant::consent(None, key(), host(), Some(true), pair(0)).grant
}

fn attempt(number: u64, used: PairNumber) -> Attempt {
    Attempt::new(AttemptId::new([7; 16]), used, at(number))
}

fn refreshing() -> Grant {
    let grant = consented();
    let used = grant.state.pairs().unwrap().newest().number;
    grant.begin(attempt(1, used)).unwrap().grant
}

fn in_doubt() -> Grant {
    let id = AttemptId::new([7; 16]);
    let doubted = refreshing().doubt(id, DoubtReason::AnswerLost, at(2), |_| at(30));
    doubted.unwrap().grant
}

fn long_lived(expires_at: Option<UnixSeconds>) -> Grant {
    let token = LongLived::new(AccessToken::new(MARKER).unwrap(), expires_at);
    Grant::import_long_lived(None, key(), host(), token)
        .unwrap()
        .grant
}

fn text_of(grant: &Grant) -> String {
    String::from_utf8(grant.to_stored().to_vec()).unwrap()
}

#[track_caller]
fn check_round_trip(grant: &Grant) {
    let bytes = grant.to_stored();
    assert_eq!(Grant::from_stored(&grant.key, &bytes).as_ref(), Ok(grant));
}

#[track_caller]
fn check_damaged(text: &str, expected: &'static str) {
    let error = Grant::from_stored(&key(), text.as_bytes()).unwrap_err();
    assert_eq!(error, StoredGrantError::Damaged { what: expected });
    assert!(!format!("{error} {error:?}").contains(MARKER));
}

/// One step of a history; a step that the state does not have leaves the grant as it is.
fn step(grant: Grant, number: u64, kind: u8) -> Grant {
    let before = grant.clone();
    let id = AttemptId::new([7; 16]);
    let candidate = |grant: &Grant| {
        let pairs = grant.state.pairs();
        pairs
            .and_then(|pairs| pairs.candidate())
            .map(|held| held.number)
    };
    let used = candidate(&grant).unwrap_or(PairNumber::FIRST);
    let fingerprint = Fingerprint::new([kind; 16]);
    let scopes = [
        HoldScope::Grant,
        HoldScope::Configuration(fingerprint),
        HoldScope::Egress(fingerprint),
    ];
    let transition: Option<Transition> = match kind {
        0 => Some(Grant::consent(
            Some(grant),
            key(),
            host(),
            None,
            pair(number),
        )),
        1..=3 => grant.begin(attempt(number, used)).ok(),
        4 => grant.doubt(id, DoubtReason::ServerError, at(number), |_| at(number + 5)),
        5 => grant.without_effect(id, at(number + 2)),
        6 | 7 => {
            let base = grant.generation;
            grant
                .receive(base, used, pair(number), at(number))
                .ok()
                .map(|(transition, _)| transition)
        }
        8 => {
            let base = Generation::new(grant.generation.get().saturating_sub(1));
            grant
                .receive(base, used, pair(number), at(number))
                .ok()
                .map(|(transition, _)| transition)
        }
        9 => grant.refuse(id, used, ReauthReason::Revoked, at(number)),
        10 => Some(grant.hold(Hold::new(
            HoldKind::Blocked,
            scopes[usize::try_from(number % 3).unwrap()],
            at(number),
            HOUR,
        ))),
        11 => {
            let generation = grant.generation;
            grant.reject_access(generation)
        }
        12 => grant.disconnect(DisconnectReason::Confirmed, at(number)),
        13 => return grant.take_over(at(number)),
        14 => {
            let token = LongLived::new(AccessToken::new("t").unwrap(), Some(at(number)));
            Grant::import_long_lived(Some(grant), key(), host(), token).ok()
        }
        15 => grant
            .warn_of_end(at(number))
            .map(|(transition, _)| transition),
        _ => grant.exhaust(at(number)),
    };
    transition.map_or(before, |transition| transition.grant)
}

proptest! {
    #[test]
    fn a_grant_of_any_history_is_read_back_equal(
        steps in proptest::collection::vec(0_u8..17, 0..60),
        revision in any::<u64>(),
    ) {
        let mut grant = consented();
        for (number, kind) in (1_u64..).zip(steps) {
            grant = step(grant, number, kind);
            grant.revision = kommo_oauth::grant::Revision::new(revision);
            let bytes = grant.to_stored();
            let read = Grant::from_stored(&grant.key, &bytes);
            prop_assert_eq!(read.as_ref(), Ok(&grant));
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Grant::from_stored(&key(), &bytes).is_err());
        prop_assert!(UnsavedPair::from_stored(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused_or_read_as_another_value(at_byte in any::<prop::sample::Index>(), to in any::<u8>()) {
        let grant = in_doubt();
        let mut bytes = grant.to_stored().to_vec();
        let index = at_byte.index(bytes.len());
        bytes[index] = to;
        if let Ok(read) = Grant::from_stored(&key(), &bytes) {
            // What can be read can be written and read again.
            let again = read.to_stored();
            prop_assert_eq!(Grant::from_stored(&key(), &again).unwrap(), read);
        }
    }

    #[test]
    fn a_part_of_a_record_is_never_a_grant(length in 0_usize..600) {
        let bytes = in_doubt().to_stored();
        let length = length.min(bytes.len() - 1);
        prop_assert!(Grant::from_stored(&key(), &bytes[..length]).is_err());
    }
}

#[test]
fn every_state_is_read_back_equal() {
    check_round_trip(&consented());
    check_round_trip(&refreshing());
    check_round_trip(&in_doubt());
    check_round_trip(&long_lived(None));
    let used = consented().state.pairs().unwrap().newest().number;
    let id = AttemptId::new([7; 16]);
    let dead = refreshing().refuse(id, used, ReauthReason::OfAnotherClient, at(3));
    let dead = dead.unwrap().grant;
    assert!(matches!(dead.state, GrantState::ReauthRequired(_)));
    check_round_trip(&dead);
    check_round_trip(
        &dead
            .disconnect(DisconnectReason::Exported, at(4))
            .unwrap()
            .grant,
    );
    let warned = long_lived(Some(at(86_400)))
        .warn_of_end(at(0))
        .unwrap()
        .0
        .grant;
    check_round_trip(&warned);
}

#[test]
fn an_unsaved_pair_is_read_back_equal() {
    let id = AttemptId::new(*b"0123456789abcdef");
    let unsaved = UnsavedPair::new(key(), id, Generation::new(4), PairNumber::new(2), pair(9));
    let bytes = unsaved.to_stored();
    assert_eq!(UnsavedPair::from_stored(&bytes), Ok(unsaved));
    assert!(Grant::from_stored(&key(), &bytes).is_err());
}

#[test]
fn a_newer_version_says_so_whatever_else_stands_there() {
    let newer = br#"{"v":3,"something":{"new":[1,2,3]}}"#;
    let expected = StoredGrantError::Newer { found: 3 };
    assert_eq!(Grant::from_stored(&key(), newer), Err(expected));
    assert_eq!(UnsavedPair::from_stored(newer), Err(expected));
}

// An older process reads every record but those that it could not write back.
#[test]
fn a_record_is_of_the_oldest_version_that_can_say_it() {
    let text = |grant: &Grant| String::from_utf8(grant.to_stored().to_vec()).unwrap();
    let grant = consented();
    assert!(text(&grant).starts_with(r#"{"v":1,"#));
    let used = grant.state.pairs().unwrap().newest().number;
    let attempt = Attempt::new(AttemptId::new([1; 16]), used, at(1));
    let begun = grant.begin(attempt).unwrap().grant;
    assert!(text(&begun).starts_with(r#"{"v":1,"#));
    let taken_over = begun.take_over(at(2));
    let stored = text(&taken_over);
    assert!(stored.starts_with(r#"{"v":2,"#));
    assert!(stored.contains(r#""orphan":{"since":"#));
    let older = stored.replacen(r#""v":2"#, r#""v":1"#, 1);
    check_damaged(&older, "orphan");
}

#[test]
fn another_grants_record_is_not_taken() {
    let other = GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/1").unwrap();
    let bytes = consented().to_stored();
    assert_eq!(
        Grant::from_stored(&other, &bytes),
        Err(StoredGrantError::OtherKey)
    );
}

#[test]
fn what_is_no_record_is_damage_and_never_no_tokens() {
    check_damaged("", "no JSON object with `v`");
    check_damaged("null", "no JSON object with `v`");
    check_damaged("{}", "no JSON object with `v`");
    check_damaged(r#"{"v":"1"}"#, "no JSON object with `v`");
    check_damaged(r#"{"v":0}"#, "v");
    check_damaged(r#"{"v":1}"#, "fields");
}

#[track_caller]
fn check_newer(text: &str) {
    let error = Grant::from_stored(&key(), text.as_bytes()).unwrap_err();
    assert_eq!(
        error,
        StoredGrantError::Newer {
            found: STORED_GRANT_VERSION,
        }
    );
    assert!(!format!("{error} {error:?}").contains(MARKER));
}

#[test]
fn an_unknown_field_or_name_is_newer_and_not_damage() {
    let text = text_of(&consented());
    for field in ["\"key\"", "\"next\"", "\"access\""] {
        check_newer(&text.replacen(field, &format!("\"extra\":1,{field}"), 1));
    }
    check_newer(&text.replace("\"active\"", "\"asleep\""));
    let doubtful = text_of(&in_doubt());
    check_newer(&doubtful.replace("answer-lost", "answer-eaten"));
    let unsaved = br#"{"v":1,"extra":1}"#;
    let expected = StoredGrantError::Newer {
        found: STORED_GRANT_VERSION,
    };
    assert_eq!(UnsavedPair::from_stored(unsaved), Err(expected));
}

#[test]
fn each_state_has_its_parts_and_no_others() {
    let active = text_of(&consented());
    let doubtful = text_of(&in_doubt());
    check_damaged(&active.replace("\"active\"", "\"in-doubt\""), "state");
    check_damaged(&active.replace("\"active\"", "\"refreshing\""), "state");
    check_damaged(&active.replace("\"active\"", "\"long-lived\""), "state");
    check_damaged(&doubtful.replace("\"in-doubt\"", "\"active\""), "state");
}

#[test]
fn numbers_that_cannot_be_are_damage() {
    let text = text_of(&in_doubt());
    check_damaged(&text.replace("\"next\":2", "\"next\":1"), "number");
    check_damaged(&text.replace("\"number\":1", "\"number\":0"), "number");
    check_damaged(
        &text.replace("\"generation\":1", "\"generation\":0"),
        "generation",
    );
    check_damaged(&text.replace("\"since\":1,", "\"since\":2,"), "since");
    check_damaged(&text.replace("\"used\":1", "\"used\":9"), "used");
    check_damaged(
        &text.replace("myshop.kommo.com", "myshop.kommo.com.evil.example"),
        "host",
    );
    check_damaged(
        &text.replace("myshop.kommo.com", "MyShop.kommo.com"),
        "host",
    );
    check_damaged(&text.replace("real/", "unreal/"), "key");
}

#[test]
fn two_pairs_with_one_number_are_damage() {
    let grant = consented();
    let twice = Grant::consent(Some(grant), key(), host(), None, pair(1)).grant;
    let text = text_of(&twice);
    check_damaged(&text.replace("\"number\":1", "\"number\":2"), "number");
}

#[test]
fn an_active_grant_is_due_before_its_token_ends() {
    let grant = consented();
    assert_eq!(grant.due_at(HOUR), Some(at(86_400 - 3_600)));
    let rejected = grant.reject_access(Generation::FIRST).unwrap().grant;
    assert_eq!(rejected.due_at(HOUR), Some(UnixSeconds::new(0)));
    let hold = Hold::new(HoldKind::Throttled, HoldScope::Grant, at(5), HOUR);
    assert_eq!(rejected.hold(hold).grant.due_at(HOUR), Some(at(5 + 3_600)));
}

#[test]
fn a_hold_of_one_machine_keeps_no_other_from_a_due_grant() {
    let scope = HoldScope::Egress(Fingerprint::new([1; 16]));
    let hold = Hold::new(HoldKind::Blocked, scope, at(0), 100 * HOUR);
    let held = consented().hold(hold).grant;
    assert_eq!(held.due_at(HOUR), consented().due_at(HOUR));
}

#[test]
fn an_attempt_is_looked_after_in_a_minute_and_a_doubt_at_its_next_try() {
    assert_eq!(refreshing().due_at(HOUR), Some(at(61)));
    assert_eq!(in_doubt().due_at(HOUR), Some(at(30)));
    let hold = Hold::new(HoldKind::Throttled, HoldScope::Grant, at(2), HOUR);
    assert_eq!(in_doubt().hold(hold).grant.due_at(HOUR), Some(at(3_602)));
}

#[test]
fn a_grant_that_only_a_person_can_help_is_never_due() {
    let over = consented()
        .disconnect(DisconnectReason::LoggedOut, at(1))
        .unwrap();
    assert_eq!(over.grant.due_at(HOUR), None);
}

#[test]
fn a_long_lived_token_is_due_at_its_next_warning() {
    let day = Duration::from_secs(86_400);
    let end = UnixSeconds::new(1_800_000_000);
    let mut grant = long_lived(Some(end));
    for (days, told) in [
        (30, EndWarning::ThirtyDays),
        (7, EndWarning::SevenDays),
        (1, EndWarning::OneDay),
        (0, EndWarning::Ended),
    ] {
        let due = grant.due_at(HOUR).unwrap();
        assert_eq!(due, end.minus(day * days));
        assert!(
            grant
                .clone()
                .warn_of_end(due.minus(Duration::from_secs(1)))
                .is_none()
        );
        let (transition, warning) = grant.warn_of_end(due).unwrap();
        assert_eq!(warning, told);
        grant = transition.grant;
    }
    assert_eq!(grant.due_at(HOUR), None);
    assert_eq!(long_lived(None).due_at(HOUR), None);
}
