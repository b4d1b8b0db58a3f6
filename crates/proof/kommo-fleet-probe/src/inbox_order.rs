//! The orders of a process at an inbox: one variable of its environment, as JSON.

use std::path::PathBuf;
use std::process;

use serde::{Deserialize, Serialize};

use crate::failure::{Result, failure};
use crate::worker_order::StorePlace;

/// The variable's name.
const VARIABLE: &str = "KOMMO_INBOX_ORDER";

/// The channel secret of a drive: it protects nothing.
pub(crate) const CHANNEL_SECRET: &str = "secret-of-a-drive-at-an-inbox";
/// The channel and the account of a drive.
pub(crate) const CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";
pub(crate) const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";

/// What a process does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InboxRole {
    /// Receives hooks.
    Receives,
    /// Answers 200 and keeps afterwards: a mistake on purpose.
    ReceivesAndAnswersFirst,
    /// Handles hooks.
    Works,
}

/// What a process works with.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboxOrder {
    pub(crate) role: InboxRole,
    pub(crate) store: StorePlace,
    pub(crate) spool: PathBuf,
    pub(crate) ledger: PathBuf,
}

impl InboxOrder {
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
