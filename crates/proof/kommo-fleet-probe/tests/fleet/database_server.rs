//! The PostgreSQL server of the tests: the one that is named, or one for this process that goes with it.

use std::sync::OnceLock;

use kommo_fleet_probe::{PostgresCluster, StoreChoice};

static OWN: OnceLock<PostgresCluster> = OnceLock::new();

/// `None` if PostgreSQL is to be left out, which is said.
pub(crate) fn postgres() -> Option<StoreChoice> {
    let left_out = std::env::var("KOMMO_TEST_WITHOUT").unwrap_or_default();
    if left_out.split(',').any(|name| name.trim() == "postgres") {
        eprintln!("left out: postgres");
        return None;
    }
    let named = std::env::var("KOMMO_TEST_POSTGRES_URL").ok();
    let url = named.unwrap_or_else(|| OWN.get_or_init(start).url());
    Some(StoreChoice::Postgres { url })
}

fn start() -> PostgresCluster {
    PostgresCluster::start().unwrap_or_else(|error| panic!("{error}"))
}
