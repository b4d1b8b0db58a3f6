//! `cargo xtask deep`: what takes long.

use anyhow::Result;

use crate::crash;
use crate::fuzz;
use crate::packages::add_nightly;
use crate::report::Report;
use crate::shell::{cargo, program, run, succeeds};

const FUZZ_SECONDS: u32 = 600;
/// For each store and each reading of rotation.
const KILLS: &str = "1000";
/// Of each trouble, on each store that it befalls.
const TIMES: &str = "1000";
const TROUBLES: [&str; 5] = [
    "full-disk",
    "silent-connection",
    "terminated-backends",
    "restart",
    "stopped-at-start",
];
const PURE: [&str; 4] = [
    "kommo-sign",
    "kommo-sign-bulk",
    "kommo-account",
    "kommo-explain",
];

/// Miri on the pure crates' own tests, the model checks with wider bounds, thousands of kills, then
/// long fuzzing.
pub(crate) fn run_all(report: &mut Report) -> Result<()> {
    let has_miri = add_nightly()
        && (succeeds(&mut program(
            "rustup",
            &["run", "nightly", "cargo", "miri", "--version"],
        )) || run(&mut program(
            "rustup",
            &[
                "component",
                "add",
                "miri",
                "rust-src",
                "--toolchain",
                "nightly",
            ],
        ))
        .is_ok());
    if has_miri {
        for package in PURE {
            let mut command = program(
                "rustup",
                &[
                    "run",
                    "nightly",
                    "cargo",
                    "miri",
                    "test",
                    "--package",
                    package,
                ],
            );
            command
                .env("MIRIFLAGS", "-Zmiri-disable-isolation")
                .env("PROPTEST_CASES", "4");
            command
                .env_remove("CARGO")
                .env_remove("RUSTC")
                .env_remove("RUSTUP_TOOLCHAIN");
            run(&mut command)?;
        }
    } else {
        report.left_out("Miri (rustup component add miri --toolchain nightly)");
    }
    walk_further()?;
    for store in ["sqlite", "postgres"] {
        for rotation in ["strict", "until-refresh-used", "until-access-used"] {
            let kills = ["--kills", KILLS, "--store", store, "--rotation", rotation];
            crash::run_with("crash", &kills, report)?;
        }
    }
    for store in ["sqlite", "postgres"] {
        for trouble in TROUBLES {
            // What befalls a server alone does not befall a file.
            let befalls =
                store == "postgres" || matches!(trouble, "full-disk" | "stopped-at-start");
            if befalls {
                let times = ["--trouble", trouble, "--times", TIMES, "--store", store];
                crash::run_with("crash", &times, report)?;
            }
            if befalls && trouble != "stopped-at-start" {
                let times = ["--trouble", trouble, "--kills", TIMES, "--store", store];
                crash::run_with("inbox-crash", &times, report)?;
            }
        }
        let kills = ["--kills", KILLS, "--store", store];
        crash::run_with("inbox-crash", &kills, report)?;
    }
    fuzz::run_all(report, FUZZ_SECONDS)
}

/// The model checks with one fault more, and thirty times the simulation.
fn walk_further() -> Result<()> {
    let proof = |test| cargo(&["test", "--package", "kommo-protocol-proof", "--test", test]);
    for checks in ["model_check", "inbox_model"] {
        run(proof(checks).env("KOMMO_MODEL_FAULTS", "1"))?;
    }
    run(proof("simulation").env("KOMMO_SIMULATION_STEPS", "30000000"))
}
