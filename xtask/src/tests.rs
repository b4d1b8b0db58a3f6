//! `cargo xtask test --core`: the tests of the workspace, with nothing but Rust and a C compiler.

use anyhow::Result;

use crate::report::Report;
use crate::shell::{cargo, run_lines};

/// Unit, integration and documentation tests of every crate.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    let (mut passed, mut failed) = (0, 0);
    let mut command = cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
    let result = run_lines(&mut command, |line| {
        if let Some((more_passed, more_failed)) = counts(line) {
            passed += more_passed;
            failed += more_failed;
        }
    });
    report.count(passed, failed);
    result
}

/// Reads `test result: ok. 3 passed; 0 failed; …`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut parts = counts.split("; ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some((passed, failed))
}
