//! The PostgreSQL server of a test program: the one that is named, or one of its own.

use std::env;
use std::sync::OnceLock;

use crate::postgres_cluster::PostgresCluster;

/// The variable that names the server.
pub const POSTGRES_URL: &str = "KOMMO_TEST_POSTGRES_URL";

/// The variable that names what is left out.
const WITHOUT: &str = "KOMMO_TEST_WITHOUT";

/// Whether PostgreSQL is left out, which is reported where the test command reads it.
#[allow(
    clippy::print_stderr,
    reason = "what is left out is reported where the test command reads it"
)]
pub fn postgres_is_left_out() -> bool {
    let list = env::var(WITHOUT).unwrap_or_default();
    let is_left_out = list.split(',').any(|name| name.trim() == "postgres");
    if is_left_out {
        eprintln!("left out: postgres");
    }
    is_left_out
}

/// The URL of the server that is named, or of one for this process that stops with it; `None` if
/// PostgreSQL is left out.
pub fn postgres_server() -> Option<String> {
    static OWN: OnceLock<PostgresCluster> = OnceLock::new();
    if postgres_is_left_out() {
        return None;
    }
    let start = || PostgresCluster::start().unwrap_or_else(|error| panic!("{error}"));
    let named = env::var(POSTGRES_URL).ok();
    Some(named.unwrap_or_else(|| OWN.get_or_init(start).url()))
}

/// The same server, another database.
pub fn with_database(server: &str, database: &str) -> String {
    let (address, parameters) = match server.split_once('?') {
        Some((address, parameters)) => (address, format!("?{parameters}")),
        None => (server, String::new()),
    };
    let (authority, _) = address.rsplit_once('/').expect("a URL with a database");
    format!("{authority}/{database}{parameters}")
}
