//! Strangers at the routes of an application: what they bring is bounded by numbers, and the users
//! beside them lose nothing.

use core::time::Duration;

use kommo_fleet_probe::hook_flood::{self, FloodOrder};
use kommo_fleet_probe::hostile_hooks::{self, HostileOrder};
use kommo_fleet_probe::{HostileReport, StoreChoice, Stranger};

use crate::program;

/// Ten minutes' worth at once, at one a minute.
const AT_ONCE: u64 = 10;
/// The codes of unbound consents that are exchanged at once after a rest; a hook's alone.
const EXCHANGED_AT_ONCE: u64 = 8;

/// A short flood, at an application that takes one a minute.
#[expect(
    clippy::disallowed_methods,
    reason = "the pace adds a number for each minute that it took"
)]
#[track_caller]
fn flooded(stranger: Stranger) -> (HostileReport, u64) {
    let begun = std::time::Instant::now();
    let order = HostileOrder::new(stranger, 30, Duration::from_secs(4), 1).taken_a_minute(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let report = runtime.block_on(hostile_hooks::run(order)).unwrap();
    // However slow this machine is: what the pace adds in that time.
    let minutes = begun.elapsed().as_secs() / 60 + 1;
    (report, minutes)
}

#[test]
fn what_strangers_bring_is_bounded_and_users_lose_nothing() {
    for stranger in [Stranger::Hooks, Stranger::Consents] {
        let (report, minutes) = flooded(stranger);
        let (taken, turned_away) = report.strangers_works();
        assert!(taken >= 1 && taken <= AT_ONCE + minutes, "{report}");
        assert!(turned_away > 0, "{report}");
        let exchanged = report.refused_codes;
        assert!(
            exchanged <= EXCHANGED_AT_ONCE + minutes,
            "{exchanged} {report}"
        );
        let (calls, consents, failed) = report.users_works();
        assert!(calls > 0 && consents > 0 && failed == 0, "{report}");
    }
}

/// How many of one account wait in the inbox at most.
const WAIT_OF_ACCOUNT: u64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_hooks_fill_no_table_and_proven_hooks_are_taken() {
    for (stranger, most) in [
        (Stranger::ChatHooks, 0),
        (Stranger::CrmHooks, WAIT_OF_ACCOUNT),
    ] {
        let order = FloodOrder {
            program: program(),
            store: StoreChoice::Sqlite,
            stranger,
            a_second: 500,
            proven_a_second: 50,
            phase: Duration::from_secs(2),
            rounds: 1,
        };
        let report = hook_flood::run(order).await.unwrap();
        let (taken, turned_away) = report.strangers_works();
        assert!(taken <= most, "{report}");
        assert!(
            stranger == Stranger::CrmHooks || turned_away > 0,
            "{report}"
        );
        let (proven, _, failed) = report.users_works();
        assert!(proven > 0 && failed == 0, "{report}");
    }
}
