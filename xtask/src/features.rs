//! Each feature alone, none, and all: every combination of the workspace's few features must build.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::metadata::Graph;
use crate::shell::{cargo, read, run_lines};

/// Checks the library crates that have features.
pub(crate) fn run_all(graph: &Graph) -> Result<()> {
    for package in graph.members() {
        let features: Vec<&String> = package
            .features
            .iter()
            .filter(|feature| *feature != "default")
            .collect();
        if features.is_empty() {
            continue;
        }
        let check = [
            "check",
            "--quiet",
            "--package",
            &package.name,
            "--no-default-features",
        ];
        check_without_warnings(&mut cargo(&check))?;
        for feature in features {
            check_without_warnings(cargo(&check).args(["--features", feature]))?;
        }
        check_without_warnings(&mut cargo(&[
            "check",
            "--quiet",
            "--package",
            &package.name,
            "--all-features",
        ]))?;
    }
    Ok(())
}

/// Something that nothing uses without a feature is an error too.
fn check_without_warnings(command: &mut Command) -> Result<()> {
    let mut warnings = 0_usize;
    run_lines(command, |line| {
        warnings += usize::from(line.starts_with("warning"));
    })?;
    if warnings > 0 {
        bail!("this choice of features gives {warnings} warnings");
    }
    Ok(())
}

/// The README's first command and the tests ask the same features of whatever the program is built
/// from, so that the second command compiles nothing anew.
pub(crate) fn check_shared() -> Result<()> {
    let program = dependencies(
        &["--package", "kommo-cli", "--edges", "normal,build"],
        "{p}",
    )?;
    let features = "{p}: {f}";
    let first = dependencies(&["--workspace", "--edges", "normal,build"], features)?;
    let tests = dependencies(
        &[
            "--workspace",
            "--edges",
            "normal,build,dev",
            "--all-features",
        ],
        features,
    )?;
    let is_of_program = |line: &&String| {
        let package = line
            .split_once(": ")
            .map_or(line.as_str(), |(package, _)| package);
        program.contains(package)
    };
    let apart: Vec<&str> = first
        .difference(&tests)
        .filter(is_of_program)
        .map(String::as_str)
        .collect();
    if !apart.is_empty() {
        bail!(
            "tests ask more features of these than `cargo run --bin kommo` does; an unpublished crate should ask for them among \
             its `[dependencies]`:\n{}",
            apart.join("\n")
        );
    }
    Ok(())
}

/// Packages of the registry that are below a selection, one a line.
fn dependencies(selection: &[&str], format: &str) -> Result<BTreeSet<String>> {
    let words = ["tree", "--prefix", "none", "--format", format];
    let tree = read(cargo(&words).args(selection))?;
    // A star stands after a package that was shown above. After the version of one of ours stands
    // its path.
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    let of_others = lines.filter(|line| !line.contains(" (/"));
    Ok(of_others.map(str::to_owned).collect())
}
