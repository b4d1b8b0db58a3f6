//! `cargo xtask ci`: everything that must hold before a change lands.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::metadata::Graph;
use crate::report::Report;
use crate::shell::{cargo, run, say};
use crate::tests::Scope;
use crate::{benches, features, fuzz, judges, lanes, licences, no_std, rust_versions, tests};

const FUZZ_SECONDS: u32 = 10;
const MANIFEST: &str = "Cargo.toml";
const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";

type Step = fn(&mut Report) -> Result<()>;

/// The steps, in their order: the quick ones that fail most often come first.
const STEPS: [(&str, Step); 14] = [
    ("fmt", |_| format()),
    ("rust-version", |_| {
        rust_versions::check(&Graph::load(MANIFEST)?)
    }),
    ("shared", |_| features::check_shared()),
    ("licences", |_| licences::check(&[MANIFEST, FUZZ_MANIFEST])),
    ("clippy", |_| clippy()),
    ("tests", |report| tests::run(report, Scope::Whole)),
    ("docs", |_| docs()),
    ("features", |_| features::run_all(&Graph::load(MANIFEST)?)),
    ("judges", judges::install_and_run),
    ("no-std", no_std::run_all),
    ("lanes", lanes::run_all),
    ("benches", |_| benches::try_once()),
    ("instructions", benches::count_instructions),
    ("fuzz", |report| fuzz::run_all(report, FUZZ_SECONDS)),
];

/// Runs every step, or the one that is named, and stops at the first that fails.
pub(crate) fn run_all(report: &mut Report, only: Option<&str>) -> Result<()> {
    if only.is_some_and(|only| STEPS.iter().all(|(name, _)| *name != only)) {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("no such step; there are {}", names.join(", "));
    }
    let mut steps = STEPS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name));
    let result = steps
        .by_ref()
        .try_for_each(|(name, work)| step(name, *work, report));
    for (name, _) in steps {
        report.left_out(&format!("step `{name}`, after the failure"));
    }
    result
}

fn format() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--", "--check"]))?;
    run(&mut cargo(&[
        "fmt",
        "--manifest-path",
        FUZZ_MANIFEST,
        "--",
        "--check",
    ]))
}

fn clippy() -> Result<()> {
    run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs() -> Result<()> {
    let mut command = cargo(&["doc", "--workspace", "--all-features", "--no-deps"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is for the reader, and nothing depends on it"
)]
fn step(name: &'static str, work: Step, report: &mut Report) -> Result<()> {
    say(&format!("\n== {name}"));
    let start = Instant::now();
    let result = work(report).with_context(|| format!("step `{name}`"));
    let seconds = start.elapsed().as_secs();
    report.step(name, seconds);
    say(&format!("== {name}: {seconds} s"));
    result
}
