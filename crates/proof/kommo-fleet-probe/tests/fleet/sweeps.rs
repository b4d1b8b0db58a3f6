//! A few processes look after many grants.

use kommo_fleet_probe::StoreChoice;
use kommo_fleet_probe::sweep::{SweepOrder, run};

use crate::database_server::postgres;
use crate::program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_refresh_each_of_three_hundred_due_grants_once() {
    let Some(StoreChoice::Postgres { url }) = postgres() else {
        return;
    };
    let order = SweepOrder {
        program: program(),
        postgres: url,
        grants: 300,
        workers: 4,
        width: 4,
        batch: 32,
    };
    // It fails by itself if a grant was left out, refreshed twice or lost.
    let pair = run(&order).await.unwrap();
    assert_eq!(pair.sweep.refreshed, 300);
    assert_eq!(pair.sweep.committed, 300);
    assert_eq!(pair.bare.committed, 300);
}
