//! The lanes of registers that this machine has not: NEON under an emulator; WebAssembly's as a
//! build.
//!
//! The levels of this machine are forced in turn by every test of `kommo-sign-bulk`, and need
//! nothing from here.

use anyhow::Result;

use crate::packages::{add_target, has, install_debian};
use crate::report::Report;
use crate::shell::{cargo, run, say};

const PACKAGE: &str = "kommo-sign-bulk";
const ARM: &str = "aarch64-unknown-linux-gnu";
const ARM_LINKER: &str = "aarch64-linux-gnu-gcc";
const ARM_EMULATOR: &str = "qemu-aarch64";
const WASM: &str = "wasm32-unknown-unknown";

/// Runs the tests on NEON, and builds for WebAssembly with its SIMD.
pub(crate) fn run_all(report: &mut Report) -> Result<()> {
    if add_target(WASM) {
        let mut command = cargo(&["build", "--quiet", "--package", PACKAGE, "--target", WASM]);
        run(command.env("RUSTFLAGS", "-C target-feature=+simd128"))?;
        say("WebAssembly's lanes are built and not run");
    } else {
        report.not_to_be_had(
            "the build for WebAssembly's lanes (rustup target add wasm32-unknown-unknown)",
        );
    }
    let is_arm = cfg!(target_arch = "aarch64");
    if is_arm {
        // The ordinary tests have run them.
        return Ok(());
    }
    let missing = || !has(ARM_LINKER, "--version") || !has(ARM_EMULATOR, "--version");
    if missing() {
        install_debian(&["gcc-aarch64-linux-gnu", "qemu-user"]);
    }
    if missing() || !add_target(ARM) {
        report.not_to_be_had("the tests of NEON's lanes (gcc-aarch64-linux-gnu, qemu-user)");
        return Ok(());
    }
    let mut command = cargo(&["test", "--package", PACKAGE, "--tests", "--target", ARM]);
    command
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", ARM_LINKER)
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
            format!("{ARM_EMULATOR} -L /usr/aarch64-linux-gnu"),
        )
        .env("RUSTFLAGS", "")
        .env("PROPTEST_CASES", "8");
    run(&mut command)
}
