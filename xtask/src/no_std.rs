//! The proof that the signer needs neither `std` nor an allocator, and that the pure crates build
//! where there is none.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::packages::add_target;
use crate::report::Report;
use crate::shell::{cargo, program, root, run, say};

const PROOF: &str = "crates/kommo-sign/no-std-proof/Cargo.toml";
const PROGRAM: &str = "kommo-sign-no-std-proof";
const PURE: [&str; 8] = [
    "kommo-sign",
    "kommo-account",
    "kommo-peer",
    "kommo-explain",
    "kommo-chats",
    "kommo-oauth",
    "kommo-hooks",
    "kommo-open-api",
];
const BARE_METAL: &str = "thumbv7em-none-eabi";
const WASM: &str = "wasm32-unknown-unknown";

/// Links and runs the proof here, then builds it for a microcontroller and for a browser.
pub(crate) fn run_all(report: &mut Report) -> Result<()> {
    run(&mut proof("build", &["--bin", PROGRAM]))?;
    run(&mut program(&built(&["release", PROGRAM])?, &[]))?;
    if has_target(report, BARE_METAL) {
        run(&mut proof(
            "build",
            &["--bin", PROGRAM, "--target", BARE_METAL],
        ))?;
        check_pure(BARE_METAL)?;
    }
    if has_target(report, WASM) {
        run(&mut proof(
            "rustc",
            &["--lib", "--crate-type", "cdylib", "--target", WASM],
        ))?;
        let module = built(&[WASM, "release", "kommo_sign_no_std_proof.wasm"])?;
        let imports = count_imports(&std::fs::read(&module)?).context("not a module")?;
        if imports != 0 {
            bail!("the WebAssembly module imports {imports} things; it should stand alone");
        }
        say("the WebAssembly module imports nothing");
        check_pure(WASM)?;
    }
    Ok(())
}

/// A cargo call on the proof, which is a workspace of its own, in a directory of its own.
fn proof(verb: &str, arguments: &[&str]) -> std::process::Command {
    let mut command = cargo(&[verb, "--release", "--locked", "--manifest-path", PROOF]);
    command
        .args(arguments)
        .env("CARGO_TARGET_DIR", proof_directory());
    command
}

fn proof_directory() -> PathBuf {
    root().join("target/no-std-proof")
}

fn built(parts: &[&str]) -> Result<String> {
    let path = parts
        .iter()
        .fold(proof_directory(), |path, part| path.join(part));
    Ok(path.to_str().context("a path that is UTF-8")?.to_owned())
}

fn has_target(report: &mut Report, target: &str) -> bool {
    let there = add_target(target);
    if !there {
        report.not_to_be_had(&format!(
            "the build for {target} (rustup target add {target})"
        ));
    }
    there
}

/// Whose default features need `std`.
const WITH_STD: &str = "kommo-sign-bulk";

/// Each alone, since another's features would hide what one of them lacks. Nothing is linked, so
/// that a check is enough.
fn check_pure(target: &str) -> Result<()> {
    for package in PURE {
        run(&mut cargo(&[
            "check",
            "--quiet",
            "--package",
            package,
            "--target",
            target,
        ]))?;
    }
    run(&mut cargo(&[
        "check",
        "--quiet",
        "--package",
        WITH_STD,
        "--no-default-features",
        "--target",
        target,
    ]))
}

/// How many imports a WebAssembly module has. `None` if it is none.
///
/// A module is a header of 8 bytes and sections: an id, a length in LEB128, and that many bytes.
/// Section 2 holds the imports and begins with their number.
fn count_imports(module: &[u8]) -> Option<u64> {
    let mut rest = module.strip_prefix(b"\0asm\x01\0\0\0")?;
    while let [id, behind @ ..] = rest {
        let (length, behind) = leb128(behind)?;
        let (section, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
        if *id == 2 {
            return Some(leb128(section)?.0);
        }
        rest = behind;
    }
    Some(0)
}

fn leb128(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(end + 1)?;
    let value = number
        .iter()
        .rev()
        .fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::count_imports;

    #[test]
    fn imports_of_a_module_are_counted() {
        let header = b"\0asm\x01\0\0\0".to_vec();
        assert_eq!(count_imports(&header), Some(0));
        let one = [
            header.clone(),
            vec![1, 1, 0, 2, 7, 1, 1, b'm', 1, b'f', 0, 0],
        ]
        .concat();
        assert_eq!(count_imports(&one), Some(1));
        let cut = [header, vec![2, 200, 1, 1]].concat();
        assert_eq!(count_imports(&cut), None);
        assert_eq!(count_imports(b"\x7fELF"), None);
    }
}
