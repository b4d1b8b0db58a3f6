//! The tests of the workspace: all of them with a PostgreSQL server and a browser, or those that need nothing but Rust and a C compiler.

use anyhow::Result;

use crate::packages::{has, install_debian};
use crate::postgres::{self, Postgres};
use crate::report::Report;
use crate::shell::{cargo, run_lines};

/// Tests that need more than Rust look at this list, and leave themselves out if their word is in it.
const WITHOUT: &str = "KOMMO_TEST_WITHOUT";

/// How much is brought for the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Rust and a C compiler.
    Core,
    /// A throw-away PostgreSQL cluster and a headless browser too, installed if that is allowed.
    Whole,
}

/// Unit, integration and documentation tests of every crate.
pub(crate) fn run(report: &mut Report, scope: Scope) -> Result<()> {
    let (server, has_browser) = match scope {
        Scope::Core => {
            report.left_out("tests on PostgreSQL and in a browser (--core)");
            (None, false)
        }
        Scope::Whole => (postgres::bring(report, true), bring_browser(report)),
    };
    let mut without = Vec::new();
    if server.is_none() {
        without.push("postgres");
    }
    if !has_browser {
        without.push("browser");
    }
    let (mut passed, mut failed) = (0, 0);
    let mut command = cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
    command.env(WITHOUT, without.join(","));
    if let Some(server) = &server {
        Postgres::give_to(server, &mut command);
    }
    let result = run_lines(&mut command, |line| {
        if let Some((more_passed, more_failed)) = counts(line) {
            passed += more_passed;
            failed += more_failed;
        }
    });
    report.count(passed, failed);
    result
}

/// Whether there are a browser and its driver, after trying to bring them.
fn bring_browser(report: &mut Report) -> bool {
    let is_there = || has("chromium", "--version") && has("chromedriver", "--version");
    if !is_there() {
        install_debian(&["chromium", "chromium-driver"]);
    }
    let is_there = is_there();
    if !is_there {
        report.left_out("tests in a browser (apt-get install chromium chromium-driver)");
    }
    is_there
}

/// Reads `test result: ok. 3 passed; 0 failed; …`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut parts = counts.split("; ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some((passed, failed))
}
