//! Sixteen processes with sixteen tasks each want the token of one grant, through two hundred
//! expiries.

use kommo_fleet_probe::single_flight::{SingleFlightOrder, run};
use kommo_fleet_probe::{LockChoice, StoreChoice};

use crate::database_server::postgres;
use crate::program;

const PROCESSES: usize = 16;
const TASKS: u32 = 16;
const EXPIRIES: u64 = 200;

async fn every_expiry_is_one_refresh(store: StoreChoice) {
    let order = SingleFlightOrder {
        program: program(),
        store,
        lock: LockChoice::AsItIs,
        processes: PROCESSES,
        tasks: TASKS,
        expiries: EXPIRIES,
    };
    let report = run(order).await.unwrap();
    assert_eq!(report.refreshes, EXPIRIES);
    assert_eq!(report.refresh_requests, EXPIRIES);
    assert_eq!(report.double_refreshes, 0);
    assert_eq!(report.tokens, EXPIRIES * 16 * 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_two_hundred_expiries_is_exactly_one_refresh_on_sqlite() {
    every_expiry_is_one_refresh(StoreChoice::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_two_hundred_expiries_is_exactly_one_refresh_on_postgres() {
    let Some(store) = postgres() else { return };
    every_expiry_is_one_refresh(store).await;
}

/// The drive can fail: with a lock that every worker gets, an expiry is more than one refresh.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_everybody_gets_is_noticed() {
    let order = SingleFlightOrder {
        program: program(),
        store: StoreChoice::Sqlite,
        lock: LockChoice::AlwaysGranted,
        processes: 8,
        tasks: 2,
        expiries: 10,
    };
    let is_clean = match run(order).await {
        Ok(report) => report.refresh_requests == 10,
        Err(_) => false,
    };
    assert!(!is_clean, "no worker sent beside another");
}
