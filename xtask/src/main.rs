//! The commands of the workspace, one file each: `cargo xtask test [--core]`, `ci`, `bench`,
//! `peers`, `crash`, `inbox-crash`, `sweep`, `hooks`, `mutants`, `pictures`, `bulk-bench`,
//! `bulk-picture`, `where`, `deep`.

#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]
#![allow(
    clippy::indexing_slicing,
    reason = "only JSON values are indexed, which give null for what is not there"
)]

mod shell;

mod pool;

mod report;

mod packages;

mod postgres;

mod metadata;

mod benches;
mod bulk_picture;
mod crash;
mod features;
mod fuzz;
mod hooks;
mod judges;
mod lanes;
mod licences;
mod mutants;
mod no_std;
mod peers;
mod pictures;
mod rule_places;
mod rust_versions;
mod sweep;
mod tests;

mod ci;
mod deep;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::report::Report;
use crate::tests::Scope;

const USAGE: &str = "\
cargo xtask test [--core]   all tests; --core leaves out what needs more than Rust and a C compiler
cargo xtask ci [STEP]       everything that must hold before a change lands, or one step of it; installs what it needs
cargo xtask bench           the benchmarks, and their ratios
cargo xtask peers [--test]  a thousand hooks in the inbox and in job queues of other projects; --test only tries it
cargo xtask crash [--kills N] [--rotation strict|until-refresh-used|until-access-used] [--store sqlite|postgres] [--seed N]
                            workers killed with SIGKILL around their refreshes, against the sandbox
cargo xtask crash --trouble full-disk|silent-connection|terminated-backends|restart|stopped-at-start [--times N] [--store …] [--seed N]
                            the database fails under workers that live: no grant may be lost, and nobody waits for a minute
cargo xtask inbox-crash [--kills N] [--trouble full-disk|silent-connection|terminated-backends|restart] [--store …] [--seed N]
                            receivers and workers of hooks killed, ended and stopped, and their database fails: no hook that was answered 200 is lost
cargo xtask sweep [--grants N] [--workers N]
                            the rate of looking after many grants on PostgreSQL, beside a bare loop
cargo xtask hooks [--rate N] [--seconds N] [--rounds N]
                            calls and consents beside a stranger who sends install hooks
cargo xtask hooks --stranger chat-hooks|crm-hooks [--rate N] [--proven N] [--store …] [--seconds N] [--rounds N]
                            proven chat hooks beside a flood of forged ones, or of unsigned ones at the address of one account
cargo xtask mutants [FILE]… small changes of the refresh protocol, each of which a test must notice; hours for all files
cargo xtask pictures        the pictures of the README, made anew; look at them before they land
cargo xtask bulk-bench      kommo-sign-bulk: its benchmarks, its picture, and its goals judged
cargo xtask bulk-picture    the picture of kommo-sign-bulk, from the last benchmarks
cargo xtask where [--check] the files of each rule, in the last column of docs/protocol.md
cargo xtask deep            what takes long: Miri on the pure crates, wider model checks, thousands of kills, ten minutes of each fuzz target
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut report = Report::default();
    let result = run(&arguments, &mut report);
    let strict = arguments
        .first()
        .is_some_and(|command| command == "ci" || command == "deep");
    let complete = report.close(strict);
    match result {
        Ok(()) if complete => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            shell::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String], report: &mut Report) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test"] => {
            // A test that fails does not hide what the judges say, nor the reverse.
            let tests = tests::run(report, Scope::Whole);
            let judges = judges::install_and_run(report);
            tests.and(judges)
        }
        ["test", "--core"] => tests::run(report, Scope::Core),
        ["ci"] => ci::run_all(report, None),
        ["ci", step] => ci::run_all(report, Some(step)),
        ["bench"] => benches::measure(),
        ["peers", rest @ ..] => peers::run_with(rest, report),
        [drive @ ("crash" | "inbox-crash"), rest @ ..] => crash::run_with(drive, rest, report),
        ["sweep", rest @ ..] => sweep::run_with(rest, report),
        ["hooks", rest @ ..] => hooks::run_with(rest, report),
        ["mutants", names @ ..] => mutants::run(names),
        ["bulk-bench"] => bulk_picture::measure(),
        ["bulk-picture"] => bulk_picture::draw(),
        ["pictures"] => pictures::take(),
        ["where"] => rule_places::fill(false),
        ["where", "--check"] => rule_places::fill(true),
        ["deep"] => deep::run_all(report),
        [] => {
            shell::say(USAGE);
            Ok(())
        }
        _ => bail!("no such command\n{USAGE}"),
    }
}
