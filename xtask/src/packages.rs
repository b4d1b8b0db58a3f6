//! Brings what a check needs: Debian packages, compiler targets, cargo programs. What is there
//! already stays as it is.

use anyhow::Result;

use crate::shell::{cargo, program, run, say, succeeds};

/// Whether a program answers.
pub(crate) fn has(name: &str, question: &str) -> bool {
    succeeds(&mut program(name, &[question]))
}

/// Installs the Debian packages of programs that are missing, and upgrades none of them. Says so
/// when it may not.
pub(crate) fn install_debian(packages: &[&str]) {
    if packages.is_empty() {
        return;
    }
    say(&format!("installing {}", packages.join(" ")));
    if !succeeds(&mut program("apt-get", &["--version"])) {
        say("no apt-get here: install them by hand");
        return;
    }
    let prefix: &[&str] = if is_root() { &[] } else { &["sudo", "-n"] };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix
            .iter()
            .copied()
            .chain(["apt-get"])
            .chain(arguments.iter().copied())
            .collect();
        let (name, rest) = words.split_first()?;
        let mut command = program(name, rest);
        run(command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(std::io::stderr()))
        .ok()
    };
    let mut install = vec![
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        "--no-upgrade",
    ];
    install.extend(packages);
    let installed = apt(&["update", "-qq"]).and_then(|()| apt(&install));
    if installed.is_none() {
        say(&format!(
            "could not install them: apt-get install {}",
            packages.join(" ")
        ));
    }
}

fn is_root() -> bool {
    crate::shell::read(&mut program("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// Adds a compiler target. Returns whether it is there now.
pub(crate) fn add_target(target: &str) -> bool {
    let installed = crate::shell::read(&mut program("rustup", &["target", "list", "--installed"]));
    if installed.is_ok_and(|list| list.lines().any(|line| line == target)) {
        return true;
    }
    run(&mut program("rustup", &["target", "add", target])).is_ok()
}

/// Whether the nightly compiler is there, after trying to bring it.
pub(crate) fn add_nightly() -> bool {
    succeeds(&mut program(
        "rustup",
        &["run", "nightly", "rustc", "--version"],
    )) || run(&mut program(
        "rustup",
        &["toolchain", "install", "nightly", "--profile", "minimal"],
    ))
    .is_ok()
}

/// Builds a cargo program from its published source if it is missing.
pub(crate) fn add_cargo_program(name: &str, question: &[&str]) -> Result<()> {
    if succeeds(&mut cargo(question)) {
        return Ok(());
    }
    run(&mut cargo(&["install", "--locked", name]))
}
