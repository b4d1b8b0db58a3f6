//! The store fails under its workers, and no process dies: no grant is lost, and no worker waits
//! for a minute.

use kommo_fleet_probe::StoreChoice;
use kommo_fleet_probe::failing_store::{FailingOrder, run};
use kommo_fleet_probe::trouble::TroubleKind;

use crate::database_server::postgres;
use crate::{has_small_disk, program};

const TIMES: u64 = 12;

async fn fail(store: StoreChoice, trouble: TroubleKind) {
    let seed = fastrand::u64(..);
    let order = FailingOrder {
        program: program(),
        store,
        trouble,
        times: TIMES,
        seed,
    };
    let report = run(order).await;
    let report = report.unwrap_or_else(|error| panic!("{trouble}, seed {seed}: {error}"));
    println!("{report}");
    assert_eq!(report.times, TIMES);
    assert!(report.met > 0, "the fault never took effect");
    assert!(report.tokens > 0, "workers hardly got a token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_during_refreshes_loses_no_grant_on_sqlite() {
    if !has_small_disk() {
        return;
    }
    fail(StoreChoice::Sqlite, TroubleKind::FullDisk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_during_refreshes_loses_no_grant_on_postgres() {
    let Some(store) = postgres() else { return };
    if !has_small_disk() {
        return;
    }
    fail(store, TroubleKind::FullDisk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_go_silent_lose_no_grant_on_postgres() {
    let Some(store) = postgres() else { return };
    fail(store, TroubleKind::SilentConnection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_the_server_ends_lose_no_grant_on_postgres() {
    let Some(store) = postgres() else { return };
    fail(store, TroubleKind::TerminatedBackends).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_of_the_server_lose_no_grant_on_postgres() {
    let Some(store) = postgres() else { return };
    fail(store, TroubleKind::Restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_stopped_while_it_starts_keeps_no_other_from_starting_on_sqlite() {
    fail(StoreChoice::Sqlite, TroubleKind::StoppedAtStart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_stopped_while_it_starts_keeps_no_other_from_starting_on_postgres() {
    let Some(store) = postgres() else { return };
    fail(store, TroubleKind::StoppedAtStart).await;
}
