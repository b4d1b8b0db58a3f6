//! The PostgreSQL server of the tests.

use kommo_fleet_probe::StoreChoice;
use kommo_test_support::postgres_server;

/// `None` if PostgreSQL is left out.
pub(crate) fn postgres() -> Option<StoreChoice> {
    postgres_server().map(|url| StoreChoice::Postgres { url })
}
