//! The checker can fail: each of these mistakes is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_protocol_proof::{
    Budget, ENDS_WELL, Ending, Mutation, NO_RULE_BROKEN, Noise, Reading, RefreshModel, Rotation,
    Rule, Setup, Siblings, end_of,
};
use stateright::{Checker, HasDiscoveries, Model};

const STRICT: Reading = Reading::new(Rotation::Strict, Siblings::BothLive);
const LENIENT: Reading = Reading::new(Rotation::UntilRefreshUsed, Siblings::NewerKillsOlder);

/// What breaks first if the mistake is built in. Without it, the same bounds are clean.
#[track_caller]
fn is_found(mutation: Mutation, reading: Reading, budget: Budget) -> Rule {
    let mut setup = Setup::new(reading);
    setup.noise = vec![Noise::Unauthorized];
    setup.budget = budget;
    let clean = check(&setup);
    assert_eq!(clean, None, "the protocol as it is breaks a rule here");
    setup.mutation = mutation;
    check(&setup).unwrap_or_else(|| panic!("{mutation:?} is not found"))
}

fn check(setup: &Setup) -> Option<Rule> {
    let model = RefreshModel {
        setup: setup.clone(),
        sights: Vec::new(),
    };
    let checker = model
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let path = checker
        .discovery(NO_RULE_BROKEN)
        .or_else(|| checker.discovery(ENDS_WELL))?;
    let last = path.last_state();
    last.broken().or_else(|| match end_of(setup, last) {
        Ending::Broken(rule) => Some(rule),
        _ => None,
    })
}

fn faults(
    runs: u32,
    crashes: u32,
    lost_locks: u32,
    network: u32,
    store: u32,
    noise: u32,
) -> Budget {
    Budget {
        runs,
        faults: crashes + lost_locks + network + store + noise,
        crashes,
        lost_locks,
        network,
        store,
        noise,
        ..Budget::default()
    }
}

#[test]
fn a_store_without_the_fence_is_found() {
    let rule = is_found(Mutation::NoFence, LENIENT, faults(2, 0, 1, 0, 0, 0));
    assert_eq!(rule, Rule::PairThrownAway);
}

#[test]
fn a_store_that_drops_spares_is_found() {
    let rule = is_found(Mutation::SparesDropped, LENIENT, faults(2, 0, 0, 0, 0, 0));
    assert_eq!(rule, Rule::PairThrownAway);
}

#[test]
fn a_token_that_is_handed_out_before_it_is_saved_is_found() {
    let rule = is_found(
        Mutation::HandedOutBeforeSave,
        STRICT,
        faults(1, 0, 0, 0, 0, 0),
    );
    assert_eq!(rule, Rule::HandedOutUnsaved);
}

#[test]
fn an_attempt_that_is_not_written_down_is_found() {
    let rule = is_found(
        Mutation::AttemptNotWritten,
        STRICT,
        faults(2, 1, 0, 0, 0, 0),
    );
    assert_eq!(rule, Rule::UndeclaredRetry);
}

#[test]
fn a_store_that_forgets_its_last_write_is_found() {
    let rule = is_found(
        Mutation::LastWriteForgotten,
        STRICT,
        faults(2, 1, 0, 0, 0, 0),
    );
    assert_eq!(rule, Rule::PairThrownAway);
}

#[test]
fn an_answer_lost_that_is_taken_for_a_request_not_sent_is_found() {
    let rule = is_found(
        Mutation::LostTakenForNotSent,
        STRICT,
        faults(2, 0, 0, 1, 0, 0),
    );
    assert_eq!(rule, Rule::UndeclaredRetry);
}

#[test]
fn a_page_that_is_taken_for_a_proof_of_death_is_found() {
    let rule = is_found(
        Mutation::NoiseTakenForDeath,
        STRICT,
        faults(1, 0, 0, 0, 0, 1),
    );
    assert_eq!(rule, Rule::LivingPairCalledDead);
}

#[test]
fn a_lifeboat_that_is_not_read_is_found() {
    let rule = is_found(Mutation::LifeboatNotRead, STRICT, faults(2, 1, 0, 0, 1, 0));
    assert_eq!(rule, Rule::LivingPairNotFound);
}

#[test]
fn a_refusal_that_counts_although_the_former_holder_may_be_alive_is_found() {
    let rule = is_found(
        Mutation::RevokedCountsAtOnce,
        STRICT,
        faults(2, 0, 1, 0, 0, 0),
    );
    assert_eq!(rule, Rule::LivingPairOnItsWay);
}

#[test]
fn a_token_that_is_sent_without_room_for_its_successor_is_found() {
    let mut budget = faults(1, 0, 0, 0, 0, 0);
    (budget.faults, budget.lifeboat) = (1, 1);
    let rule = is_found(Mutation::RoomNotNeeded, STRICT, budget);
    assert_eq!(rule, Rule::SentWithoutRoom);
}
