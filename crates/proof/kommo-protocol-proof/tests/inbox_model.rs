//! Every order of events around the inbox within the bounds, and mistakes that are found.
//! `KOMMO_MODEL_FAULTS` adds to the faults and crashes of each check.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking; the numbers of states are printed"
)]

use kommo_protocol_proof::inbox::{
    Broken, ENDS_WELL, InboxModel, Mistake, NO_RULE_BROKEN, Setup, Sight,
};
use stateright::{Checker, HasDiscoveries, Model};

fn more() -> u8 {
    let text = std::env::var("KOMMO_MODEL_FAULTS");
    text.map_or(0, |text| text.parse().expect("a number"))
}

#[track_caller]
fn check(name: &str, mut setup: Setup, sights: Vec<Sight>) {
    setup.faults += more();
    setup.crashes += more();
    let checker = InboxModel {
        setup: setup.clone(),
        sights,
    }
    .checker()
    .threads(2)
    .spawn_bfs()
    .join();
    println!(
        "{name}: {} unique states of {}, depth {}; hooks {:?}, {} workers, {} claims, {} crashes, {} faults, {} repeats, \
         {} replays",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        setup.hooks,
        setup.workers,
        setup.claims,
        setup.crashes,
        setup.faults,
        setup.repeats,
        setup.replays,
    );
    checker.assert_properties();
    assert!(checker.is_done(), "the states were not all explored");
    assert!(checker.unique_state_count() > 1_000);
}

#[test]
fn two_receivers_and_two_workers_lose_nothing_and_keep_the_order() {
    let sights = vec![
        Sight::TwoAtOneEntry,
        Sight::InBoth,
        Sight::WaitsBehind,
        Sight::KnownAgain,
        Sight::AllDone,
    ];
    check("two receivers, two workers", Setup::new(), sights);
}

#[test]
fn a_spool_of_one_receiver_is_merged_in_its_order() {
    let mut setup = Setup::new();
    setup.hooks = vec![vec![0, 1, 2]];
    setup.conversations = vec![0, 0, 0];
    setup.workers = 1;
    setup.claims = 3;
    setup.crashes = 2;
    setup.faults = 3;
    setup.is_beside = true;
    let sights = vec![Sight::InBoth, Sight::TwoInSpool, Sight::AllDone];
    check("a spool", setup, sights);
}

#[test]
fn three_workers_whose_leases_end_settle_nothing_of_each_other() {
    let mut setup = Setup::new();
    setup.hooks = vec![vec![0, 1]];
    setup.conversations = vec![0, 0];
    setup.workers = 3;
    setup.claims = 4;
    setup.crashes = 1;
    setup.faults = 1;
    let sights = vec![Sight::TwoAtOneEntry, Sight::WaitsBehind, Sight::AllDone];
    check("three workers", setup, sights);
}

#[test]
fn repeats_and_replays_change_nothing_of_it() {
    let mut setup = Setup::new();
    setup.hooks = vec![vec![0, 1]];
    setup.conversations = vec![0, 0];
    setup.claims = 4;
    setup.repeats = 2;
    setup.replays = 1;
    let sights = vec![Sight::KnownAgain, Sight::AllDone];
    check("repeats and replays", setup, sights);
}

/// Hook 0 is of the account that is erased, hook 1 of another; their conversation is one here, so
/// that an order is kept too.
fn erasure() -> Setup {
    let mut setup = Setup::new();
    setup.hooks = vec![vec![0, 1]];
    setup.conversations = vec![0, 0];
    setup.workers = 1;
    setup.claims = 2;
    setup.crashes = 1;
    setup.faults = 2;
    setup.is_beside = true;
    setup.erased = 0b01;
    setup
}

#[test]
fn what_was_answered_before_an_erasure_is_handed_over_no_more() {
    let sights = vec![Sight::ReadAndErased, Sight::InBoth, Sight::TwoInSpool];
    check("an erasure", erasure(), sights);
}

fn found(setup: &Setup) -> Option<Broken> {
    let model = InboxModel {
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
    last.broken().or_else(|| last.end(setup))
}

#[test]
fn every_mistake_is_found() {
    let mut setup = Setup::new();
    setup.hooks = vec![vec![0, 1]];
    setup.conversations = vec![0, 0];
    setup.claims = 3;
    setup.crashes = 1;
    setup.faults = 2;
    setup.repeats = 1;
    setup.replays = 1;
    assert_eq!(found(&setup), None, "the inbox as it is breaks a rule here");
    let expected = [
        (Mistake::AnswersFirst, Broken::Lost),
        (Mistake::TrustsLostAnswers, Broken::Lost),
        (Mistake::DoesNotSync, Broken::Lost),
        (Mistake::OvertakesSpool, Broken::OutOfOrder),
        (Mistake::ForgetsFirst, Broken::Lost),
        (Mistake::ForgetsAll, Broken::Lost),
        (Mistake::MergesBackwards, Broken::OutOfOrder),
        (Mistake::SettlesUnfenced, Broken::SettledTooLate),
        (Mistake::ComparesNumbersAlone, Broken::SettledTooLate),
        (Mistake::SettlesFirst, Broken::DoneUnhandled),
        (Mistake::HasNoOrder, Broken::OutOfOrder),
        (Mistake::HasNoKey, Broken::Twice),
        (Mistake::MergesWhatItRead, Broken::ErasedHandedOver),
        (Mistake::ErasesDatabaseFirst, Broken::ErasedHandedOver),
        (Mistake::WaitsForNoWriter, Broken::ErasedHandedOver),
    ];
    assert_eq!(expected.map(|(mistake, _)| mistake), Mistake::ALL);
    for (mistake, broken) in expected {
        if broken == Broken::ErasedHandedOver {
            setup = erasure();
        }
        setup.mistake = Some(mistake);
        let first = found(&setup);
        println!("{mistake:?}: {first:?}");
        assert_eq!(first, Some(broken), "{mistake:?}");
    }
}
