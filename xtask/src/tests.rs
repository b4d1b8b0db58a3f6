//! The tests of the workspace: all of them with a PostgreSQL server and a browser, or those that need nothing but Rust and a C compiler.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::judges;
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
    let (server, has_browser, has_languages) = match scope {
        Scope::Core => {
            report.left_out("tests on PostgreSQL, in a browser and in other languages (--core)");
            (None, false, false)
        }
        Scope::Whole => (
            postgres::bring(report, true),
            bring_browser(report),
            bring_languages(report),
        ),
    };
    let mut without = Vec::new();
    if server.is_none() {
        without.push("postgres");
    }
    if !has_browser {
        without.push("browser");
    }
    if !has_languages {
        without.push("languages");
    }
    let mut command = cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
    command.env(WITHOUT, without.join(","));
    if let Some(server) = &server {
        Postgres::give_to(server, &mut command);
    }
    let mut tally = Tally::default();
    let result = run_lines(&mut command, |line| tally.see(line));
    report.count(tally.passed, tally.failed);
    report.seconds(&tally.by_crate);
    result
}

/// What the lines of `cargo test` say, added up.
#[derive(Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    /// The crate whose tests run now.
    running: String,
    by_crate: BTreeMap<String, f64>,
}

impl Tally {
    fn see(&mut self, line: &str) {
        if let Some(name) = crate_of(line) {
            self.running = name;
        } else if let Some(ended) = Ended::read(line) {
            self.passed += ended.passed;
            self.failed += ended.failed;
            *self.by_crate.entry(self.running.clone()).or_default() += ended.seconds;
        }
    }
}

/// Whether there are a browser and its driver, after installing what is missing of the two.
fn bring_browser(report: &mut Report) -> bool {
    let programs = [
        ("chromium", "chromium"),
        ("chromedriver", "chromium-driver"),
    ];
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| !has(program, "--version"))
        .map(|(_, package)| *package)
        .collect();
    install_debian(&missing);
    let is_there = programs
        .iter()
        .all(|(program, _)| has(program, "--version"));
    if !is_there {
        report.left_out("tests in a browser (apt-get install chromium chromium-driver)");
    }
    is_there
}

/// Whether the languages are there whose recipes run against the program, after installing what is missing.
fn bring_languages(report: &mut Report) -> bool {
    judges::install();
    let are_there = ["php", "python3", "node"]
        .iter()
        .all(|program| has(program, "--version"));
    if !are_there {
        report.left_out(
            "recipes that run against the program (apt-get install php-cli python3-minimal nodejs)",
        );
    }
    are_there
}

/// The crate that a line announces: `Running unittests src/lib.rs (target/debug/deps/kommo_sign-1a57fd70597b95da)`
/// is the first of each crate, `Doc-tests kommo_sign` may be its last.
fn crate_of(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(name.replace('_', "-"));
    }
    let (_, program) = line.strip_prefix("Running unittests ")?.split_once(" (")?;
    let file = program.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    Some(file.rsplit_once('-')?.0.replace('_', "-"))
}

/// `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s`
#[derive(Debug, PartialEq)]
struct Ended {
    passed: u64,
    failed: u64,
    seconds: f64,
}

impl Ended {
    fn read(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut parts = counts.split("; ");
        let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
        let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
        let seconds = parts.last()?.strip_prefix("finished in ")?;
        let seconds = seconds.trim_end().strip_suffix('s')?.parse().ok()?;
        Some(Self {
            passed,
            failed,
            seconds,
        })
    }
}

#[cfg(test)]
mod lines {
    use super::{Ended, Tally, crate_of};

    #[test]
    fn the_lines_of_a_test_run_are_added_up_by_crate() {
        let mut tally = Tally::default();
        for line in [
            "     Running unittests src/lib.rs (target/debug/deps/kommo_sign-1a57fd70597b95da)",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.25s",
            "     Running tests/laws.rs (target/debug/deps/laws-d1ea5ddec7dd5168)",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
            "   Doc-tests kommo_store",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.50s",
            "test a_test ... ok",
        ] {
            tally.see(line);
        }
        assert_eq!((tally.passed, tally.failed), (6, 1));
        let by_crate: Vec<(&str, f64)> = tally
            .by_crate
            .iter()
            .map(|(name, seconds)| (name.as_str(), *seconds))
            .collect();
        assert_eq!(by_crate, [("kommo-sign", 1.75), ("kommo-store", 0.5)]);
    }

    #[test]
    fn other_lines_are_not_taken_for_results() {
        assert_eq!(
            crate_of("     Running tests/laws.rs (target/debug/deps/laws-d1)"),
            None
        );
        assert_eq!(Ended::read("test result: ok. many passed; 0 failed"), None);
        assert_eq!(Ended::read("php: 207 passed, 0 failed"), None);
    }
}
