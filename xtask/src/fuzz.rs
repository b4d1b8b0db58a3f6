//! The fuzz targets, each for a while, from the seeds of the vectors.

use anyhow::{Context, Result};

use crate::packages::{add_cargo_program, add_nightly};
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
        "--package",
        "kommo-fuzz-laws",
        "--bin",
        "make-seeds",
        "--",
        seeds,
    ]))?;
    let targets = read(&mut nightly(&["fuzz", "list"]))?;
    for target in targets.split_whitespace() {
        let limit = format!("-max_total_time={seconds}");
        run(&mut nightly(&[
            "fuzz",
            "run",
            target,
            "--",
            &limit,
            "-print_final_stats=1",
            "-verbosity=0",
        ]))?;
    }
    Ok(())
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
