//! `cargo xtask crash`: workers killed with SIGKILL around their refreshes, or databases that fail
//! under them, as often as wanted.

use anyhow::Result;

use crate::postgres;
use crate::report::Report;
use crate::shell::{cargo, run};

/// Hands the arguments on; `--store postgres` gets its server first.
pub(crate) fn run_with(arguments: &[&str], report: &mut Report) -> Result<()> {
    let needs_server = arguments.contains(&"postgres");
    let server = if needs_server {
        postgres::bring(report, true)
    } else {
        None
    };
    let mut command = cargo(&[
        "run",
        "--quiet",
        "--package",
        "kommo-fleet-probe",
        "--",
        "crash",
    ]);
    command.args(arguments);
    if let Some(server) = &server {
        server.give_to(&mut command);
    }
    run(&mut command)
}
