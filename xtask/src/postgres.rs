//! Brings a throw-away PostgreSQL cluster for what is run by the commands; the tests of several
//! crates share it.

use crate::packages::install_debian;
use crate::report::Report;
use crate::shell::say;

use self::cluster::{ClusterError, PACKAGE, PostgresCluster};

/// One implementation for the commands and for the tests that are started without them.
#[allow(
    unreachable_pub,
    reason = "there it is a part of the library, and here of a program"
)]
#[allow(
    dead_code,
    reason = "the drives of the probe also restart a cluster, and choose its place"
)]
#[path = "../../crates/proof/kommo-fleet-probe/src/postgres_cluster.rs"]
mod cluster;

/// The variable that tells tests where the server is.
pub(crate) const URL: &str = "KOMMO_TEST_POSTGRES_URL";

/// A cluster that lives as long as this value, or the one that the environment names.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: String,
    _cluster: Option<PostgresCluster>,
}

impl Postgres {
    /// Names the server to a program that is to be run.
    pub(crate) fn give_to(&self, command: &mut std::process::Command) {
        command.env(URL, &self.url);
    }
}

/// A cluster, with the Debian package installed first if it is missing and that is allowed. Without
/// one, the report says what to install.
pub(crate) fn bring(report: &mut Report, may_install: bool) -> Option<Postgres> {
    if let Ok(url) = std::env::var(URL) {
        return Some(Postgres {
            url,
            _cluster: None,
        });
    }
    let mut started = PostgresCluster::start();
    if may_install && matches!(started, Err(ClusterError::NotInstalled)) {
        install_debian(&[PACKAGE]);
        started = PostgresCluster::start();
    }
    match started {
        Ok(cluster) => {
            say("postgresql: a throw-away cluster is up");
            Some(Postgres {
                url: cluster.url(),
                _cluster: Some(cluster),
            })
        }
        Err(error) => {
            report.left_out(&format!("PostgreSQL ({error})"));
            None
        }
    }
}
