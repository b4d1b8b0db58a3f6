//! `cargo xtask hooks`: what a stranger who sends install hooks, or with `--stranger consents`
//! finishes consents of no session, takes from the calls and consents of others.

use anyhow::Result;

use crate::shell::{cargo, run};

/// Hands the arguments on, to a program that is built as a release is.
pub(crate) fn run_with(arguments: &[&str]) -> Result<()> {
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
    run(&mut command)
}
