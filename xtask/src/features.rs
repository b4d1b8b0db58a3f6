//! Each feature alone, none, and all: every combination of the workspace's few features must build.

use anyhow::Result;

use crate::metadata::Graph;
use crate::shell::{cargo, run};

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
        run(&mut cargo(&check))?;
        for feature in features {
            run(cargo(&check).args(["--features", feature]))?;
        }
        run(&mut cargo(&[
            "check",
            "--quiet",
            "--package",
            &package.name,
            "--all-features",
        ]))?;
    }
    Ok(())
}
