//! The holder of a grant's lock is stopped with the only valid pair on its way to it, and continues
//! later.

use kommo_fleet_probe::StoreChoice;
use kommo_fleet_probe::stopped_holder::run;

use crate::database_server::postgres;
use crate::program;

/// The lock is the process's, and the process lives: no worker takes over, none waits for ever, and
/// the pair is saved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_holder_keeps_nobody_waiting_and_saves_its_pair_when_it_goes_on_on_sqlite() {
    let report = run(program(), StoreChoice::Sqlite).await.unwrap();
    assert_eq!(report.busy_rounds, 2);
    assert!(!report.taken_over);
    assert!(!report.spare_kept);
    assert_eq!((report.refreshes, report.double_refreshes), (1, 0));
    assert_eq!(report.declared_retries, 0);
}

/// The server ends the silent session, another worker declares its retry, and the late pair meets
/// the fence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_holder_is_taken_over_from_and_its_late_pair_is_kept_as_a_spare_on_postgres() {
    let Some(store) = postgres() else { return };
    let report = run(program(), store).await.unwrap();
    assert!(report.taken_over);
    assert!(report.spare_kept);
    assert_eq!((report.refreshes, report.double_refreshes), (2, 1));
    assert_eq!(report.declared_retries, 1);
}
