//! The benchmarks: measured with their ratios, tried once as tests, and counted in instructions.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::packages::{has, install_debian};
use crate::report::Report;
use crate::shell::{cargo, root, run};

const PACKAGE: &str = "kommo-bench-core";
const ADAPTERS: &str = "kommo-bench-adapters";
/// All benchmarks of the two.
const BENCHES: [&str; 12] = [
    "sign",
    "verify_hook",
    "open_api",
    "ratios",
    "hook_verifiers",
    "bulk",
    "bulk_ratios",
    "keeper_fresh",
    "inbox_costs",
    "inbox_rates",
    "hook_answers",
    "chat_send",
];

/// Runs each benchmark once, to see that it still does what it says. Nothing is measured, so that
/// the profile of the tests will do, and with the whole workspace's features their artefacts.
pub(crate) fn try_once() -> Result<()> {
    let mut command = cargo(&["test", "--workspace", "--all-features"]);
    for bench in BENCHES {
        command.args(["--bench", bench]);
    }
    run(command.args(["--", "--test"]))
}

/// Shows that a verdict costs the same instructions wherever the first difference lies (invariant
/// I12).
pub(crate) fn count_instructions(report: &mut Report) -> Result<()> {
    if !has("valgrind", "--version") {
        install_debian(&["valgrind"]);
    }
    if !has("valgrind", "--version") {
        report.left_out("instruction counts (apt-get install valgrind)");
        return Ok(());
    }
    run(&mut cargo(&[
        "run",
        "--profile",
        "bench",
        "--package",
        "kommo-cost-probe",
        "--",
        "--check",
    ]))
}

/// Runs the benchmarks, prints each median beside its floor and its naive twin, and judges the
/// promised ratios.
pub(crate) fn measure() -> Result<()> {
    let criterion = [
        "bench",
        "--package",
        PACKAGE,
        "--bench",
        "sign",
        "--bench",
        "verify_hook",
        "--bench",
        "open_api",
        "--bench",
        "bulk",
    ];
    run(&mut cargo(&criterion))?;
    let mut families: BTreeMap<(String, u64), BTreeMap<String, f64>> = BTreeMap::new();
    for estimates in estimates_below(&target_directory().join("criterion"))? {
        let (id, median) = median_of(&estimates)?;
        let mut parts = id.split('/');
        let (Some(family), Some(Ok(size)), Some(variant)) =
            (parts.next(), parts.next().map(str::parse), parts.next())
        else {
            continue;
        };
        families
            .entry((family.to_owned(), size))
            .or_default()
            .insert(variant.to_owned(), median);
    }
    print_ratios(&families)?;
    // Criterion measures one after the other, and a shared machine drifts meanwhile: the promises
    // are judged side by side.
    run(&mut cargo(&[
        "bench",
        "--package",
        PACKAGE,
        "--bench",
        "ratios",
        "--bench",
        "hook_verifiers",
    ]))?;
    run(&mut cargo(&["bench", "--package", ADAPTERS]))?;
    run(&mut cargo(&[
        "bench",
        "--package",
        PACKAGE,
        "--bench",
        "bulk_ratios",
    ]))
}

fn print_ratios(families: &BTreeMap<(String, u64), BTreeMap<String, f64>>) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "\n{:<44} {:>10} {:>9} {:>9}",
        "median of one run", "ns", "/ floor", "/ naive"
    )?;
    for ((family, size), variants) in families {
        for (variant, median) in variants {
            let ratio = |twin: &str| {
                let twin = variants.get(twin)?;
                Some(format!("{:.3}", median / twin))
            };
            let id = format!("{family}/{size}/{variant}");
            let floor = ratio("floor").unwrap_or_default();
            let naive = ratio("naive").unwrap_or_default();
            writeln!(out, "{id:<44} {median:>10.1} {floor:>9} {naive:>9}")?;
        }
    }
    Ok(())
}

/// `benchmark.json` names the id, `estimates.json` beside it holds the median in nanoseconds.
pub(crate) fn median_of(directory: &Path) -> Result<(String, f64)> {
    let read = |name: &str| -> Result<Value> {
        let path = directory.join(name);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    };
    let id = read("benchmark.json")?["full_id"]
        .as_str()
        .context("full_id")?
        .to_owned();
    let median = read("estimates.json")?["median"]["point_estimate"]
        .as_f64()
        .context("median")?;
    Ok((id, median))
}

/// The directories called `new` below criterion's, which hold the last run.
pub(crate) fn estimates_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(directory).with_context(|| format!("{}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && path.ends_with("new") {
            found.push(path);
        } else if path.is_dir() {
            found.extend(estimates_below(&path)?);
        }
    }
    Ok(found)
}

pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
