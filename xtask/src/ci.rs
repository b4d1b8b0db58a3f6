//! `cargo xtask ci`: everything that must hold before a change lands.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::metadata::Graph;
use crate::packages::{has, install_debian};
use crate::report::Report;
use crate::shell::{cargo, run, say};
use crate::{benches, features, fuzz, judges, licences, no_std, rust_versions, tests};

const FUZZ_SECONDS: u32 = 10;

/// Runs every step in order and stops at the first that fails.
pub(crate) fn run_all(report: &mut Report) -> Result<()> {
    let graph = Graph::load("Cargo.toml")?;
    judges::install();
    if !has("valgrind", "--version") {
        install_debian(&["valgrind"]);
    }
    step("fmt", || {
        run(&mut cargo(&["fmt", "--all", "--", "--check"]))?;
        run(&mut cargo(&[
            "fmt",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--",
            "--check",
        ]))
    })?;
    step("rust-version", || rust_versions::check(&graph))?;
    step("licences and sources", || {
        licences::check(&["Cargo.toml", "fuzz/Cargo.toml"])
    })?;
    step("clippy", || {
        run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step("tests", || tests::run(report))?;
    step("docs", || {
        let mut command = cargo(&["doc", "--workspace", "--all-features", "--no-deps"]);
        run(command.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("features", || features::run_all(&graph))?;
    step("judges in other languages", || judges::run(report))?;
    step("no_std", || no_std::run_all(report))?;
    step("benches, as tests", benches::try_once)?;
    step("instruction counts", || benches::count_instructions(report))?;
    step("fuzz", || fuzz::run_all(report, FUZZ_SECONDS))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is for the reader, and nothing depends on it"
)]
fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    say(&format!("\n== {name}"));
    let start = Instant::now();
    work().with_context(|| format!("step `{name}`"))?;
    say(&format!("== {name}: {} s", start.elapsed().as_secs()));
    Ok(())
}
