//! Brings a throw-away PostgreSQL cluster for what is run by the commands; the tests of several
//! crates share it.

use kommo_test_support::{ClusterError, PACKAGE, POSTGRES_URL, PostgresCluster};

use crate::packages::install_debian;
use crate::report::Report;
use crate::shell::say;

/// A cluster that lives as long as this value, or the one that the environment names.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: String,
    _cluster: Option<PostgresCluster>,
}

impl Postgres {
    /// Names the server to a program that is to be run.
    pub(crate) fn give_to(&self, command: &mut std::process::Command) {
        command.env(POSTGRES_URL, &self.url);
    }
}

/// A cluster, with the Debian package installed first if it is missing and that is allowed. Without
/// one, the report says what to install.
pub(crate) fn bring(report: &mut Report, may_install: bool) -> Option<Postgres> {
    if let Ok(url) = std::env::var(POSTGRES_URL) {
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
