//! `cargo xtask hooks`: what a stranger who sends install hooks, or with `--stranger consents`
//! finishes consents of no session, takes from the calls and consents of others; and with
//! `--stranger chat-hooks` or `crm-hooks`, what a flood of forged or unsigned hooks takes from
//! proven ones.

use anyhow::Result;

use crate::postgres;
use crate::report::Report;
use crate::shell::{cargo, run};

/// Hands the arguments on, to a program that is built as a release is; `--store postgres` gets its
/// server first.
pub(crate) fn run_with(arguments: &[&str], report: &mut Report) -> Result<()> {
    let server = match arguments.contains(&"postgres") {
        true => postgres::bring(report, true),
        false => None,
    };
    let mut command = cargo(&[
        "run",
        "--quiet",
        "--profile",
        "dist",
        "--package",
        "kommo-fleet-probe",
        "--",
        "hooks",
    ]);
    command.args(arguments);
    if let Some(server) = &server {
        server.give_to(&mut command);
    }
    run(&mut command)
}
