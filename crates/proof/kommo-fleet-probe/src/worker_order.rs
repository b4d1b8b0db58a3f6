//! The orders of a worker at its start: one variable of its environment, as JSON. Its arguments
//! contain no secret.

use std::path::PathBuf;
use std::process;

use serde::{Deserialize, Serialize};

use crate::failure::{Result, failure};
use crate::store_choice::LockChoice;

/// The variable's name.
const VARIABLE: &str = "KOMMO_FLEET_ORDER";

/// What a worker works with and at.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkerOrder {
    pub(crate) platform: PlatformOrder,
    pub(crate) store: StorePlace,
    pub(crate) lock: LockChoice,
    pub(crate) clock: PathBuf,
    pub(crate) work: Work,
    /// The directory of the lifeboat, if there is one.
    pub(crate) lifeboat: Option<PathBuf>,
    /// The store releases a silent lock after three times this; in milliseconds.
    pub(crate) request_limit_ms: u64,
}

/// The address of the sandbox, and the integration's credentials there.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlatformOrder {
    pub(crate) base_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: String,
}

/// Which database.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StorePlace {
    Sqlite(PathBuf),
    Postgres(String),
}

/// What to do.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Work {
    /// At each `go N`, every task gets a token for each grant.
    Rounds {
        /// The keys; `None` is every grant of the store.
        grants: Option<Vec<String>>,
        /// How many ask for the same grant at once.
        tasks: u32,
        /// Whether each token is used for a call.
        calls: bool,
    },
    /// At `go`, `Keeper::sweep_once` until no grant is due.
    Sweep { batch: u32, width: usize },
    /// At `go`, the same requests and commits without a protocol, for one share of the grants.
    Bare { share: u32, of: u32, width: usize },
}

impl WorkerOrder {
    /// Puts the order into the environment of a process that is to be started.
    pub(crate) fn give_to(&self, command: &mut tokio::process::Command) -> Result<()> {
        command.env(VARIABLE, serde_json::to_string(self)?);
        Ok(())
    }

    /// The order of this process.
    pub(crate) fn of_this_process() -> Result<Self> {
        let text = std::env::var(VARIABLE)
            .map_err(|_| failure(format!("process {} has no {VARIABLE}", process::id())))?;
        Ok(serde_json::from_str(&text)?)
    }
}
