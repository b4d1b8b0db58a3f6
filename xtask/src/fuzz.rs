//! The fuzz targets, each for a while, from the seeds of the vectors.

use anyhow::{Context, Result};

use crate::packages::{add_cargo_program, add_nightly};
use crate::pool::{self, Job};
use crate::report::Report;
use crate::shell::{cargo, program, read, root, run};

/// Runs every target for `seconds`.
pub(crate) fn run_all(report: &mut Report, seconds: u32) -> Result<()> {
    if !add_nightly() {
        report.left_out("the fuzz targets (rustup toolchain install nightly)");
        return Ok(());
    }
    add_cargo_program("cargo-fuzz", &["fuzz", "--version"])?;
    let seeds = root().join("fuzz/corpus");
    let seeds = seeds.to_str().context("a path that is UTF-8")?;
    run(&mut cargo(&[
        "run",
        "--quiet",
        "--bin",
        "make-seeds",
        "--",
        seeds,
    ]))?;
    run(&mut nightly(&["fuzz", "build"]))?;
    let targets = read(&mut nightly(&["fuzz", "list"]))?;
    let limit = format!("-max_total_time={seconds}");
    let jobs = targets.split_whitespace().map(|target| Job {
        name: format!("fuzz target {target}"),
        command: nightly(&[
            "fuzz",
            "run",
            target,
            "--",
            &limit,
            "-print_final_stats=1",
            "-verbosity=0",
        ]),
    });
    // Each keeps one core busy.
    pool::run_all(jobs.collect(), pool::cores(), |_, _| {})
}

/// `cargo +nightly`, whatever toolchain runs us.
fn nightly(arguments: &[&str]) -> std::process::Command {
    let mut command = program("rustup", &["run", "nightly", "cargo"]);
    command
        .args(arguments)
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}
