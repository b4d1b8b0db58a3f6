//! Workers die by SIGKILL around their refreshes.

use kommo_fleet_probe::crash::{CrashOrder, run};
use kommo_fleet_probe::{CrashReport, LockChoice, StoreChoice};
use kommo_sandbox::Rotation;

use crate::database_server::postgres;
use crate::program;

const KILLS: u64 = 24;

async fn crash(store: StoreChoice, rotation: Rotation) -> CrashReport {
    let seed = fastrand::u64(..);
    let order = CrashOrder {
        program: program(),
        store,
        lock: LockChoice::AsItIs,
        rotation,
        kills: KILLS,
        seed,
    };
    let report = run(order).await;
    let report = report.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    println!("{report}");
    assert_eq!(report.kills, KILLS);
    assert!(report.tokens > report.rounds, "workers hardly got a token");
    report
}

/// The older refresh token stays valid for a while: no grant may be lost.
async fn lenient(store: StoreChoice, rotation: Rotation) {
    let report = crash(store, rotation).await;
    assert_eq!(report.lost, 0);
    assert!(report.declared_retries > 0, "no kill hit a refresh");
}

/// The older refresh token dies at once: losses are reported with their evidence.
async fn strict(store: StoreChoice) {
    let report = crash(store, Rotation::Strict).await;
    assert_eq!(report.double_refreshes, 0);
    assert!(report.declared_retries > 0, "no kill hit a refresh");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_old_refresh_token_works_until_the_new_one_is_used_kills_lose_no_grant_on_sqlite()
{
    lenient(StoreChoice::Sqlite, Rotation::UntilRefreshUsed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_old_refresh_token_works_until_the_new_one_is_used_kills_lose_no_grant_on_postgres()
 {
    let Some(store) = postgres() else { return };
    lenient(store, Rotation::UntilRefreshUsed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_old_refresh_token_works_until_the_new_access_is_used_kills_lose_no_grant_on_sqlite()
 {
    lenient(StoreChoice::Sqlite, Rotation::UntilAccessUsed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_old_refresh_token_works_until_the_new_access_is_used_kills_lose_no_grant_on_postgres()
 {
    let Some(store) = postgres() else { return };
    lenient(store, Rotation::UntilAccessUsed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_old_refresh_token_dies_at_once_only_kills_between_commit_and_save_lose_a_grant_on_sqlite()
 {
    strict(StoreChoice::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_old_refresh_token_dies_at_once_only_kills_between_commit_and_save_lose_a_grant_on_postgres()
 {
    let Some(store) = postgres() else { return };
    strict(store).await;
}

/// The drive can fail: with a lock that every worker gets, each collision is declared as a retry,
/// and the platform still sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_everybody_gets_is_noticed() {
    let order = CrashOrder {
        program: program(),
        store: StoreChoice::Sqlite,
        lock: LockChoice::AlwaysGranted,
        rotation: Rotation::UntilRefreshUsed,
        kills: 1,
        seed: 1,
    };
    let error = run(order).await.unwrap_err().to_string();
    assert!(error.contains("beside each other"), "{error}");
}
