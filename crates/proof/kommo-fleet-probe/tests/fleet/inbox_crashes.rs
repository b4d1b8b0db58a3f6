//! Receivers and workers die, end and stop while hooks are sent, and their database fails: each
//! hook that was answered 200 is handled, in order, and none is settled under a lease that ended.

use kommo_fleet_probe::inbox_crash::{InboxCrashOrder, run};
use kommo_fleet_probe::trouble::TroubleKind;
use kommo_fleet_probe::{InboxReport, StoreChoice};

use crate::database_server::postgres;
use crate::{has_small_disk, program};

const BLOWS: u64 = 8;

async fn crash(store: StoreChoice, trouble: Option<TroubleKind>) -> InboxReport {
    let seed = fastrand::u64(..);
    let order = InboxCrashOrder {
        program: program(),
        store,
        trouble,
        answers_first: false,
        blows: BLOWS,
        seed,
    };
    let report = run(order).await;
    let report = report.unwrap_or_else(|error| panic!("{trouble:?}, seed {seed}: {error}"));
    println!("{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.answered > 0, "no hook was taken");
    assert!(report.killed > 0 || report.failures > 0, "no blow fell");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_receivers_and_workers_lose_no_hook_on_sqlite() {
    crash(StoreChoice::Sqlite, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_receivers_and_workers_lose_no_hook_on_postgres() {
    let Some(store) = postgres() else { return };
    crash(store, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_loses_no_hook_on_sqlite() {
    if has_small_disk() {
        crash(StoreChoice::Sqlite, Some(TroubleKind::FullDisk)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_loses_no_hook_on_postgres() {
    let Some(store) = postgres() else { return };
    if has_small_disk() {
        crash(store, Some(TroubleKind::FullDisk)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_go_silent_lose_no_hook_on_postgres() {
    let Some(store) = postgres() else { return };
    crash(store, Some(TroubleKind::SilentConnection)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_the_server_ends_lose_no_hook_on_postgres() {
    let Some(store) = postgres() else { return };
    crash(store, Some(TroubleKind::TerminatedBackends)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_of_the_server_lose_no_hook_on_postgres() {
    let Some(store) = postgres() else { return };
    crash(store, Some(TroubleKind::Restart)).await;
}

/// The drive can fail: a receiver that answers before it keeps loses hooks when it dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_answers_first_is_noticed() {
    let (seed, mut lost) = (fastrand::u64(..), 0);
    for round in 0..10 {
        let order = InboxCrashOrder {
            program: program(),
            store: StoreChoice::Sqlite,
            trouble: None,
            answers_first: true,
            blows: BLOWS,
            seed: seed.wrapping_add(round),
        };
        let report = run(order).await;
        let report = report.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        lost += report.lost();
        if lost > 0 {
            return;
        }
    }
    panic!("seed {seed}: no kill hit between the answer and the store");
}
