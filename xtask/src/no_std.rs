//! The proof that the signer needs neither `std` nor an allocator, and that the pure crates build where there is none.

use anyhow::Result;

use crate::packages::add_target;
use crate::report::Report;
use crate::shell::{cargo, run};

const PROOF: &str = "crates/kommo-sign/no-std-proof/Cargo.toml";
const PURE: [&str; 4] = [
    "kommo-sign",
    "kommo-account",
    "kommo-explain",
    "kommo-chats",
];
const BARE_METAL: &str = "thumbv7em-none-eabi";
const WASM: &str = "wasm32-unknown-unknown";

/// Links the proof here, then builds it for a microcontroller and for a browser.
pub(crate) fn run_all(report: &mut Report) -> Result<()> {
    run(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        PROOF,
    ]))?;
    for target in [BARE_METAL, WASM] {
        if !add_target(target) {
            report.not_to_be_had(&format!(
                "the build for {target} (rustup target add {target})"
            ));
            continue;
        }
        run(&mut cargo(&[
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            PROOF,
            "--target",
            target,
        ]))?;
        for package in PURE {
            run(&mut cargo(&[
                "build",
                "--quiet",
                "--package",
                package,
                "--target",
                target,
            ]))?;
        }
    }
    Ok(())
}
