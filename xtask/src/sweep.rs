//! `cargo xtask sweep`: the rate of looking after very many grants, beside a bare loop; on a
//! PostgreSQL that is thrown away.

use anyhow::{Result, bail};

use crate::postgres;
use crate::report::Report;
use crate::shell::{cargo, run};

/// Hands the arguments on, to a program that is built as a release is.
pub(crate) fn run_with(arguments: &[&str], report: &mut Report) -> Result<()> {
    let Some(server) = postgres::bring(report, true) else {
        bail!("the sweep is measured on postgresql");
    };
    let mut command = cargo(&[
        "run",
        "--quiet",
        "--profile",
        "dist",
        "--package",
        "kommo-fleet-probe",
        "--",
        "sweep",
    ]);
    command.args(arguments);
    server.give_to(&mut command);
    run(&mut command)
}
