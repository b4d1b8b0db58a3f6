//! The tests of the workspace: all of them with a PostgreSQL server and a browser, or those that
//! need nothing but Rust and a C compiler.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use kommo_test_support::{RABBITMQ_PACKAGE, rabbitmq_is_installed};
use serde_json::Value;

use crate::judges;
use crate::packages::{has, install_debian};
use crate::pool::{self, Job};
use crate::postgres::{self, Postgres};
use crate::report::Report;
use crate::shell::{cargo, program, read, succeeds};

/// Tests that need more than Rust look at this list, and leave themselves out if their word is in
/// it.
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
    if scope == Scope::Core || !bring_broker(report) {
        without.push("rabbitmq");
    }
    if !succeeds(&mut program(
        "unshare",
        &["--map-root-user", "--mount", "true"],
    )) {
        without.push("mounts");
        report.not_to_be_had("tests on a read-only file system (unshare --map-root-user --mount)");
    }
    let mut jobs = programs()?;
    // First, since compiling them takes long, and goes well beside programs that wait.
    jobs.insert(0, documentation_tests());
    // Most tests wait for processes, sockets and disks.
    let threads = (2 * pool::cores()).to_string();
    for job in &mut jobs {
        job.command.env(WITHOUT, without.join(","));
        job.command.env("RUST_TEST_THREADS", &threads);
        if let Some(server) = &server {
            Postgres::give_to(server, &mut job.command);
        }
    }
    let mut tally = Tally::default();
    let result = pool::run_all(jobs, pool::cores() + 1, |name, output| {
        tally.begin(name);
        output.lines().for_each(|line| tally.see(line));
    });
    report.count(tally.passed, tally.failed);
    for (what, tests) in &tally.left_out {
        report.not_to_be_had(&format!("{what} ({tests} tests)"));
    }
    report.seconds(&tally.by_crate);
    result
}

/// Crates whose tests take longest, longest first: what is started last should be short.
const LONG: [&str; 5] = [
    "kommo-cli",
    "kommo-fleet-probe",
    "kommo-browser-walk",
    "kommo-protocol-proof",
    "kommo-store",
];

/// Builds the test programs. Cargo would run them one after the other, and most of them wait for
/// sockets, processes and disks.
fn programs() -> Result<Vec<Job>> {
    let messages = read(&mut cargo(&[
        "test",
        "--workspace",
        "--all-features",
        "--no-run",
        "--message-format",
        "json-render-diagnostics",
    ]))?;
    let mut jobs = Vec::new();
    for line in messages.lines() {
        let message = serde_json::from_str(line).context("a message of cargo")?;
        jobs.extend(test_program(&message));
    }
    let rank = |job: &Job| {
        let is_of = |name: &&str| job.name.split(' ').next() == Some(*name);
        LONG.iter().position(is_of).unwrap_or(LONG.len())
    };
    jobs.sort_by_key(rank);
    Ok(jobs)
}

/// The program that a message of cargo announces, if it is one of tests. It runs where cargo would
/// run it.
fn test_program(message: &Value) -> Option<Job> {
    let program = message["executable"].as_str()?;
    if message["profile"]["test"] != true {
        return None;
    }
    let directory = Path::new(message["manifest_path"].as_str()?).parent()?;
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .env("CARGO_MANIFEST_DIR", directory);
    let package = name_in(message["package_id"].as_str()?)?;
    let target = message["target"]["name"].as_str()?;
    Some(Job {
        name: format!("{package} {target}"),
        command,
    })
}

/// The name in `path+file:///a/kommo-sign#0.1.0` and in
/// `path+file:///a/laws#kommo-fuzz-laws@0.1.0`.
fn name_in(package_id: &str) -> Option<&str> {
    let (path, version) = package_id.split_once('#')?;
    match version.split_once('@') {
        Some((name, _)) => Some(name),
        None => path.rsplit('/').next(),
    }
}

/// Run by cargo, beside the programs.
fn documentation_tests() -> Job {
    Job {
        name: "examples in the documentation".to_owned(),
        command: cargo(&[
            "test",
            "--workspace",
            "--all-features",
            "--no-fail-fast",
            "--doc",
        ]),
    }
}

/// What the lines of the test programs say, added up.
#[derive(Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    /// The crate whose tests run now.
    running: String,
    by_crate: BTreeMap<String, f64>,
    /// What tests said that they need and do not have here, and how many did.
    left_out: BTreeMap<String, u64>,
}

impl Tally {
    /// The lines that follow are of a program of this name: the crate is its first word.
    fn begin(&mut self, name: &str) {
        self.running = name.split(' ').next().unwrap_or(name).to_owned();
    }

    fn see(&mut self, line: &str) {
        if let Some(name) = line.trim_start().strip_prefix("Doc-tests ") {
            self.running = name.replace('_', "-");
        } else if let Some(ended) = Ended::read(line) {
            self.passed += ended.passed;
            self.failed += ended.failed;
            *self.by_crate.entry(self.running.clone()).or_default() += ended.seconds;
        } else if let Some((_, what)) = line.split_once("left out: ") {
            // It may stand behind the name of the test.
            *self.left_out.entry(what.trim_end().to_owned()).or_default() += 1;
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

/// Whether RabbitMQ is there, after installing it. A test starts a node of its own.
fn bring_broker(report: &mut Report) -> bool {
    if !rabbitmq_is_installed() {
        install_debian(&[RABBITMQ_PACKAGE]);
    }
    if !rabbitmq_is_installed() {
        report.left_out(&format!(
            "hand-over to RabbitMQ (apt-get install {RABBITMQ_PACKAGE})"
        ));
    }
    rabbitmq_is_installed()
}

/// Whether the languages are there whose recipes run against the program, after installing what is
/// missing.
fn bring_languages(report: &mut Report) -> bool {
    judges::install();
    let are_there = ["php", "python3", "node", "javac"]
        .iter()
        .all(|program| has(program, "--version"))
        && has("go", "version");
    if !are_there {
        report.left_out(
            "recipes that run against the program (apt-get install php-cli python3-minimal nodejs \
             golang-go default-jdk-headless)",
        );
    }
    are_there
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
    use super::{Ended, Tally, name_in, test_program};

    #[test]
    fn the_lines_of_a_test_run_are_added_up_by_crate() {
        let mut tally = Tally::default();
        tally.begin("kommo-sign laws");
        tally.see("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.25s");
        tally.see("test a_test ... ok");
        tally.see("left out: root");
        tally.see("test another_test ... left out: a small disk, which root can mount");
        tally.see("left out: root");
        tally.begin("kommo-sign vectors");
        tally.see("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s");
        tally.begin("examples in the documentation");
        tally.see("   Doc-tests kommo_store");
        tally.see("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.50s");
        assert_eq!((tally.passed, tally.failed), (6, 1));
        let left_out: Vec<_> = tally.left_out.iter().collect();
        let expected = [("a small disk, which root can mount", 1), ("root", 2)];
        let expected = expected.map(|(what, tests)| (what.to_owned(), tests));
        assert_eq!(
            left_out,
            expected.each_ref().map(|(what, tests)| (what, tests))
        );
        let by_crate: Vec<(&str, f64)> = tally
            .by_crate
            .iter()
            .map(|(name, seconds)| (name.as_str(), *seconds))
            .collect();
        assert_eq!(by_crate, [("kommo-sign", 1.75), ("kommo-store", 0.5)]);
    }

    #[test]
    fn other_lines_are_not_taken_for_results() {
        assert_eq!(Ended::read("test result: ok. many passed; 0 failed"), None);
        assert_eq!(Ended::read("php: 207 passed, 0 failed"), None);
    }

    #[test]
    fn a_test_program_is_run_in_the_directory_of_its_package() {
        assert_eq!(
            name_in("path+file:///a/kommo-sign#0.1.0"),
            Some("kommo-sign")
        );
        assert_eq!(
            name_in("path+file:///a/laws#kommo-fuzz-laws@0.1.0"),
            Some("kommo-fuzz-laws")
        );
        let mut message = serde_json::json!({
            "reason": "compiler-artifact",
            "package_id": "path+file:///a/kommo-sign#0.1.0",
            "manifest_path": "/a/kommo-sign/Cargo.toml",
            "target": { "name": "laws" },
            "profile": { "test": true },
            "executable": "/a/target/debug/deps/laws-d1",
        });
        let job = test_program(&message);
        assert_eq!(
            job.as_ref().map(|job| job.name.as_str()),
            Some("kommo-sign laws")
        );
        let directory = job.and_then(|job| Some(job.command.get_current_dir()?.to_owned()));
        assert_eq!(directory, Some("/a/kommo-sign".into()));
        message["profile"]["test"] = false.into();
        assert!(test_program(&message).is_none());
    }
}
