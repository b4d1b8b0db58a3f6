//! `cargo xtask mutants`: changes each line of the refresh protocol in a small way and asks whether
//! a test notices.
//!
//! What no test notices is an error, unless `docs/refresh-protocol.md` says in its table why that
//! is no loss.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::packages::add_cargo_program;
use crate::shell::{cargo, root, say};

/// Where the table stands, and the line before it.
const TABLE: &str = "docs/refresh-protocol.md";
const HEADING: &str = "### Mutants that no test notices";

/// Files that are changed, and the tests that are to notice: the fastest that know these files,
/// since all of them are compiled anew for each mutant.
struct Ground {
    package: &'static str,
    files: &'static [&'static str],
    tests: &'static [&'static str],
}

const GROUNDS: [Ground; 2] = [
    Ground {
        package: "kommo-oauth",
        files: &[
            "crates/kommo-oauth/src/grant/pairs.rs",
            "crates/kommo-oauth/src/grant/transition.rs",
            "crates/kommo-oauth/src/refresh/protocol/*.rs",
        ],
        tests: &[
            "refresh_protocol",
            "grant_transitions",
            "protocol_edges",
            "stored_grant",
            "long_lived",
            "payment",
        ],
    },
    Ground {
        package: "kommo-keeper",
        files: &[
            "crates/kommo-keeper/src/cache/cached_token.rs",
            "crates/kommo-keeper/src/cache/grant_slot.rs",
            "crates/kommo-keeper/src/process/holds.rs",
        ],
        tests: &["keeper"],
    },
];

/// Every file, or only those whose path ends with one of these names.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    add_cargo_program("cargo-mutants", &["mutants", "--version"])?;
    let text = fs::read_to_string(root().join(TABLE)).context(TABLE)?;
    let explained = explained(&text);
    let mut unexplained = Vec::new();
    for ground in &GROUNDS {
        let files = ground.files.iter().copied();
        let files: Vec<&str> = files
            .filter(|file| names.is_empty() || names.iter().any(|name| is_file(file, name)))
            .collect();
        if !files.is_empty() {
            unexplained.extend(survivors(ground, &files, &explained)?);
        }
    }
    if unexplained.is_empty() {
        say("every mutant is noticed or explained");
        return Ok(());
    }
    for mutant in &unexplained {
        say(&format!("not noticed: {mutant}"));
    }
    bail!(
        "{} mutants are neither noticed by a test nor explained in {TABLE}",
        unexplained.len()
    )
}

fn is_file(pattern: &str, name: &str) -> bool {
    pattern.ends_with(name) || pattern.ends_with("/*.rs") && name.ends_with("protocol")
}

/// Those of a ground that no test noticed and that the table does not have.
fn survivors(ground: &Ground, files: &[&str], explained: &[String]) -> Result<Vec<String>> {
    let output = root().join("target/mutants").join(ground.package);
    fs::create_dir_all(&output)?;
    let mut command = cargo(&["mutants", "--package", ground.package]);
    for file in files {
        command.args(["--file", file]);
    }
    command.args(["--jobs", "1", "--profile", "mutants", "--timeout", "180"]);
    command.args(["--no-shuffle", "--output"]).arg(&output);
    command.args(["--", "--all-features", "--lib"]);
    for test in ground.tests {
        command.args(["--test", test]);
    }
    say(&format!("mutants of {}", ground.package));
    let status = command.status().context("cannot start cargo mutants")?;
    // 2: some were missed; 3: some ran into the limit, which a test that hangs notices too.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        bail!("cargo mutants ended with {status}");
    }
    let missed = read(&output.join("mutants.out/missed.txt"))?;
    let is_unexplained = |mutant: &&str| !explained.contains(&without_place(mutant));
    let left = missed.lines().filter(is_unexplained);
    Ok(left.map(str::to_owned).collect())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// `crates/a/src/b.rs:1:2: replace …` without line and column, which change with every edit:
/// `b.rs: replace …`.
fn without_place(mutant: &str) -> String {
    let (place, what) = mutant.split_once(": ").unwrap_or(("", mutant));
    let path = place.split(':').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    format!("{file}: {what}")
}

/// The first column of the table: `| `b.rs: replace …` | why |`.
fn explained(text: &str) -> Vec<String> {
    let after = text.split_once(HEADING).map_or("", |(_, after)| after);
    let section = after
        .split_once("\n#")
        .map_or(after, |(section, _)| section);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once("` |"))
        .map(|(mutant, _)| mutant.replace("\\|", "|"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{HEADING, explained, is_file, without_place};

    #[test]
    fn a_mutant_is_known_by_its_file_and_its_change() {
        let printed =
            "crates/kommo-oauth/src/grant/pairs.rs:72:87: replace || with && in Pairs::find";
        assert_eq!(
            without_place(printed),
            "pairs.rs: replace || with && in Pairs::find"
        );
        let text = format!(
            "# A\n| `b.rs: x` | of another table |\n{HEADING}\n\n| mutant | why |\n| --- | --- |\n\
             | `pairs.rs: replace \\|\\| with && in Pairs::find` | alike |\n\n## B\n| `c.rs: y` | no |\n"
        );
        assert_eq!(explained(&text), [without_place(printed)]);
        assert_eq!(explained("no table"), [""; 0]);
    }

    #[test]
    fn one_file_can_be_chosen() {
        assert!(is_file("crates/kommo-oauth/src/grant/pairs.rs", "pairs.rs"));
        assert!(is_file(
            "crates/kommo-oauth/src/refresh/protocol/*.rs",
            "refresh/protocol"
        ));
        assert!(!is_file(
            "crates/kommo-oauth/src/grant/pairs.rs",
            "transition.rs"
        ));
    }
}
