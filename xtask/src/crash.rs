//! `cargo xtask crash`: workers killed with SIGKILL around their refreshes, or databases that fail
//! under them, as often as wanted. `cargo xtask inbox-crash`: the same for those who receive and
//! handle hooks.

use anyhow::Result;

use crate::postgres;
use crate::report::Report;
use crate::shell::{cargo, run};

/// Hands the arguments on to a drive, `crash` or `inbox-crash`; `--store postgres` gets its server
/// first.
pub(crate) fn run_with(drive: &str, arguments: &[&str], report: &mut Report) -> Result<()> {
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
        drive,
    ]);
    command.args(arguments);
    if let Some(server) = &server {
        server.give_to(&mut command);
    }
    run(&mut command)
}
