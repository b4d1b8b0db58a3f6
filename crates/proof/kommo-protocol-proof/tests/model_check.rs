//! Every order of events within the bounds. `KOMMO_MODEL_FAULTS` and `KOMMO_MODEL_RUNS` add to the
//! bounds of each check.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking; the numbers of states are printed"
)]

use kommo_protocol_proof::{
    Budget, Noise, Reading, RefreshModel, Rotation, Setup, Siblings, Sight,
};
use stateright::{Checker, Model};

fn more(name: &str) -> u32 {
    std::env::var(name).map_or(0, |text| text.parse().expect("a number"))
}

/// As many of each kind of fault as there are faults at all.
fn bounds(runs: u32, faults: u32) -> Budget {
    let faults = faults + more("KOMMO_MODEL_FAULTS");
    Budget {
        runs: runs + more("KOMMO_MODEL_RUNS"),
        faults,
        crashes: faults,
        lost_locks: faults,
        network: faults,
        store: faults,
        lifeboat: faults,
        ..Budget::default()
    }
}

/// Checks one setup under every reading, with the situations that must be reached.
fn check(name: &str, change: impl Fn(&mut Setup), sights: impl Fn(Reading) -> Vec<Sight>) {
    check_under(&Reading::ALL, name, change, sights);
}

fn check_under(
    readings: &[Reading],
    name: &str,
    change: impl Fn(&mut Setup),
    sights: impl Fn(Reading) -> Vec<Sight>,
) {
    for reading in readings.iter().copied() {
        let mut setup = Setup::new(reading);
        change(&mut setup);
        let (workers, machines, budget) = (setup.workers, setup.machines, setup.budget);
        let sights = sights(reading);
        let checker = RefreshModel { setup, sights }
            .checker()
            .threads(2)
            .spawn_bfs()
            .join();
        println!(
            "{name}, {reading:?}: {} unique states of {}, depth {}; {workers} workers on {machines} machine(s), {} runs, {} \
             faults, {} consents",
            checker.unique_state_count(),
            checker.state_count(),
            checker.max_depth(),
            budget.runs,
            budget.faults,
            budget.consents,
        );
        checker.assert_properties();
        assert!(
            checker.is_done(),
            "the state space was not explored completely"
        );
        assert!(checker.unique_state_count() > 1_000);
    }
}

fn is_newer_killing(reading: Reading) -> bool {
    reading.siblings == Siblings::NewerKillsOlder
}

fn is_strict(reading: Reading) -> bool {
    reading.rotation == Rotation::Strict
}

/// Three faults under the strict reading and where a newer answer kills an older one; two under the
/// others, whose spaces are the widest.
#[test]
fn two_workers_of_one_machine_lose_nothing() {
    let change = |setup: &mut Setup| {
        let is_harsh = match setup.reading.rotation {
            Rotation::Strict => true,
            Rotation::UntilRefreshUsed => is_newer_killing(setup.reading),
            Rotation::UntilAccessUsed => false,
        };
        setup.budget = bounds(3, if is_harsh { 3 } else { 2 });
        setup.has_wasted_runs = false;
        setup.has_server_errors = false;
    };
    check("two workers", change, |reading| {
        let mut sights = vec![
            Sight::DeclaredRetry,
            Sight::LifeboatInUse,
            Sight::HolderDied,
            Sight::DroppedLock,
        ];
        // Where one token has two answers, the late one is kept; where it kills the other, it is
        // needed.
        sights.push(if is_strict(reading) {
            Sight::ConsentRequired
        } else {
            Sight::LateSpare
        });
        if is_newer_killing(reading) {
            sights.push(Sight::SpareTried);
        }
        sights
    });
}

#[test]
fn two_workers_without_a_lifeboat_lose_nothing() {
    let change = |setup: &mut Setup| {
        setup.has_lifeboat = false;
        setup.budget = bounds(2, 3);
    };
    check("no lifeboat", change, |_| vec![Sight::HolderDied]);
}

#[test]
fn two_workers_of_two_machines_lose_nothing() {
    let change = |setup: &mut Setup| {
        setup.machines = 2;
        setup.budget = bounds(2, 2);
    };
    check("two machines", change, |_| vec![Sight::LifeboatInUse]);
}

#[test]
fn three_workers_of_one_machine_lose_nothing() {
    let change = |setup: &mut Setup| {
        setup.workers = 3;
        setup.budget = bounds(3, 1);
    };
    check("three workers", change, |_| vec![Sight::DeclaredRetry]);
}

#[test]
fn a_consent_at_any_moment_loses_nothing() {
    let change = |setup: &mut Setup| {
        setup.budget = bounds(2, 1);
        setup.budget.consents = 1;
    };
    check("consent", change, |_| vec![Sight::LateSpare]);
}

#[test]
fn refusals_that_prove_nothing_and_a_moved_account_lose_nothing() {
    let change = |setup: &mut Setup| {
        setup.has_api_domain = true;
        setup.noise = Noise::ALL.to_vec();
        setup.budget = bounds(2, 2);
        setup.budget.noise = 1;
        setup.budget.moves = 1;
    };
    check("refusals and a move", change, |_| {
        vec![Sight::Hold, Sight::MovedHost]
    });
}

/// The grant needs a consent, and then comes a pair of an earlier generation. Under the other
/// readings an old token works on.
#[test]
fn a_late_pair_revives_a_grant_that_needs_a_consent() {
    let change = |setup: &mut Setup| {
        setup.has_wasted_runs = false;
        setup.has_server_errors = false;
        setup.budget = Budget {
            runs: 3 + more("KOMMO_MODEL_RUNS"),
            faults: 2 + more("KOMMO_MODEL_FAULTS"),
            lost_locks: 1,
            network: 1 + more("KOMMO_MODEL_FAULTS"),
            consents: 1,
            ..Budget::default()
        };
    };
    let strict = Reading::new(Rotation::Strict, Siblings::BothLive);
    check_under(&[strict], "late for an ended grant", change, |_| {
        vec![Sight::LateForEnded]
    });
}

#[test]
fn hours_that_pass_and_a_process_that_is_stopped_as_a_whole_lose_nothing() {
    let change = |setup: &mut Setup| {
        setup.has_server_errors = false;
        setup.budget = bounds(2, 2);
        setup.budget.stops = 1;
        setup.budget.ticks = 1;
    };
    check("hours", change, |_| {
        vec![Sight::TimePassed, Sight::Stopped, Sight::HolderDied]
    });
}

#[test]
fn a_keeper_that_leaves_an_erased_account_and_a_store_for_a_person_lose_nothing_else() {
    let change = |setup: &mut Setup| {
        setup.has_server_errors = false;
        setup.budget = bounds(2, 2);
        setup.budget.person = 1;
        setup.budget.leaves = 1;
        setup.budget.erasures = 1;
    };
    check("leaving and erasing", change, |_| {
        vec![
            Sight::DroppedLock,
            Sight::PairOfErased,
            Sight::LifeboatInUse,
        ]
    });
}
