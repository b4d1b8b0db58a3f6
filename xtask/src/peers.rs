//! `cargo xtask peers`: the inbox beside job queues of other projects, in a workspace of its own,
//! which nothing else builds.

use anyhow::Result;

use crate::postgres;
use crate::report::Report;
use crate::shell::{cargo, run};

/// Hands the arguments on. Without PostgreSQL only what needs SQLite is measured.
pub(crate) fn run_with(arguments: &[&str], report: &mut Report) -> Result<()> {
    let server = postgres::bring(report, true);
    let profile = match arguments {
        ["--test"] => "dev",
        _ => "release",
    };
    let manifest = "benches/peers/Cargo.toml";
    let mut command = cargo(&[
        "run",
        "--locked",
        "--profile",
        profile,
        "--manifest-path",
        manifest,
    ]);
    command.arg("--").args(arguments);
    if let Some(server) = &server {
        server.give_to(&mut command);
    }
    run(&mut command)
}
