//! The checkers can fail: each of these mistakes is found, by the model check and by the
//! simulation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking; where each mistake is found is printed"
)]

use kommo_protocol_proof::{
    Budget, ENDS_WELL, Ending, Mutation, NO_RULE_BROKEN, Noise, Reading, RefreshModel, Rotation,
    Rule, Schedule, Setup, Siblings, end_of,
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

#[test]
fn a_lock_that_is_always_granted_is_found() {
    let rule = is_found(
        Mutation::LockAlwaysGranted,
        STRICT,
        faults(2, 0, 0, 0, 0, 0),
    );
    assert_eq!(rule, Rule::ActedBesideHolder);
}

#[test]
fn a_refusal_of_the_lock_that_is_ignored_is_found() {
    let rule = is_found(
        Mutation::LockRefusalIgnored,
        STRICT,
        faults(2, 0, 0, 0, 0, 0),
    );
    assert_eq!(rule, Rule::ActedWithoutLock);
}

#[test]
fn a_late_spare_that_revives_nothing_is_found() {
    // The model check itself walks these bounds to their end without the mistake.
    let mut setup = Setup::new(STRICT);
    setup.budget = faults(3, 0, 1, 1, 0, 0);
    setup.budget.consents = 1;
    setup.has_wasted_runs = false;
    setup.has_server_errors = false;
    setup.mutation = Mutation::LateSpareNotRevived;
    assert_eq!(check(&setup), Some(Rule::LivingPairCalledDead));
}

#[test]
fn a_process_that_is_not_told_that_it_is_stopped_is_found() {
    let mut budget = faults(1, 0, 0, 0, 0, 0);
    budget.faults = 1;
    budget.stops = 1;
    let rule = is_found(Mutation::StopIgnored, STRICT, budget);
    assert_eq!(rule, Rule::SentWhileStopped);
}

const FIRST_SEED: u64 = 20_260_101;
const STEPS_PER_SEED: u64 = 5_000;
/// What the ordinary simulation takes, so that none of them would slip through it.
const STEPS_AT_MOST: u64 = 1_000_000;

/// The step of the ordinary simulation at which a mistake shows.
fn step_of(mistake: Mutation) -> Option<(Rule, u64)> {
    let more = std::env::var("KOMMO_SIMULATION_STEPS").ok();
    let steps = more.map_or(STEPS_AT_MOST, |text| text.parse().expect("a number"));
    let mut before = 0;
    for seed in FIRST_SEED..FIRST_SEED + steps / STEPS_PER_SEED {
        match Schedule::with_mistake(seed, mistake).run(STEPS_PER_SEED) {
            Ok(_) => before += STEPS_PER_SEED,
            Err((rule, step)) => return Some((rule, before + step)),
        }
    }
    None
}

#[test]
fn the_simulation_finds_every_mistake() {
    let mut is_missed = false;
    for mistake in Mutation::ALL {
        let found = step_of(mistake);
        println!("{mistake:?}: {found:?}");
        is_missed |= found.is_none();
    }
    assert!(!is_missed, "a mistake is not found");
}
