//! `cargo xtask deep`: what takes long.

use anyhow::Result;

use crate::fuzz;
use crate::packages::add_nightly;
use crate::report::Report;
use crate::shell::{program, run, succeeds};

const FUZZ_SECONDS: u32 = 600;
const PURE: [&str; 3] = ["kommo-sign", "kommo-account", "kommo-explain"];

/// Miri on the pure crates' own tests, then long fuzzing.
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
    fuzz::run_all(report, FUZZ_SECONDS)
}
