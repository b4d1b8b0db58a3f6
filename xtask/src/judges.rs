//! Judges in other languages: the recipes of `docs/recipes/` and the vectors' own generator, each
//! over all vectors.

use anyhow::{Result, bail};

use crate::packages::{has, install_debian};
use crate::report::Report;
use crate::shell::{program, run_lines};

const VECTORS: &str = "crates/proof/kommo-test-vectors/vectors";

/// A program of another language that checks the vectors.
struct Judge {
    language: &'static str,
    program: &'static str,
    question: &'static str,
    package: &'static str,
    arguments: &'static [&'static str],
}

const JUDGES: [Judge; 6] = [
    Judge {
        language: "the vectors' generator",
        program: "python3",
        question: "--version",
        package: "python3-minimal",
        arguments: &["crates/proof/kommo-test-vectors/make_vectors.py", "--check"],
    },
    Judge {
        language: "the PHP recipe",
        program: "php",
        question: "--version",
        package: "php-cli",
        arguments: &["docs/recipes/php/kommo_sign.php", VECTORS],
    },
    Judge {
        language: "the Python recipe",
        program: "python3",
        question: "--version",
        package: "python3-minimal",
        arguments: &["docs/recipes/python/kommo_sign.py", VECTORS],
    },
    Judge {
        language: "the Node recipe",
        program: "node",
        question: "--version",
        package: "nodejs",
        arguments: &["docs/recipes/node/kommo-sign.mjs", VECTORS],
    },
    Judge {
        language: "the Go recipe",
        program: "go",
        question: "version",
        package: "golang-go",
        arguments: &[
            "run",
            "docs/recipes/go/kommosign.go",
            "docs/recipes/go/vectors.go",
            VECTORS,
        ],
    },
    Judge {
        language: "the Java recipe",
        program: "java",
        question: "--version",
        package: "default-jdk-headless",
        arguments: &["docs/recipes/java/KommoSign.java", VECTORS],
    },
];

/// Installs the languages that are missing, then runs every judge.
pub(crate) fn install_and_run(report: &mut Report) -> Result<()> {
    install();
    run(report)
}

/// Installs the languages that are missing.
pub(crate) fn install() {
    let missing = JUDGES
        .iter()
        .filter(|judge| !has(judge.program, judge.question));
    let mut packages: Vec<&str> = missing.map(|judge| judge.package).collect();
    packages.sort_unstable();
    packages.dedup();
    install_debian(&packages);
}

/// Runs every judge whose language is here; the others are named.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    let mut refused = Vec::new();
    for judge in &JUDGES {
        if !has(judge.program, judge.question) {
            report.not_to_be_had(&format!(
                "{} (apt-get install {})",
                judge.language, judge.package
            ));
            continue;
        }
        let (mut passed, mut failed) = (0, 0);
        let mut command = program(judge.program, judge.arguments);
        // The generator must not leave compiled files beside its sources.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let result = run_lines(&mut command, |line| {
            if let Some((more_passed, more_failed)) = counts(line) {
                passed += more_passed;
                failed += more_failed;
            }
        });
        report.count(passed, failed);
        if result.is_err() {
            refused.push(judge.language);
        }
    }
    if !refused.is_empty() {
        bail!("refused by {}", refused.join(", "));
    }
    Ok(())
}

/// Reads `php: 207 passed, 0 failed`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let (passed, failed) = line.split_once(": ")?.1.split_once(" passed, ")?;
    Some((
        passed.parse().ok()?,
        failed.strip_suffix(" failed")?.parse().ok()?,
    ))
}
