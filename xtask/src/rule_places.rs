//! `cargo xtask where`: fills the last column of the tables of `docs/protocol.md`, the files in
//! which each rule is implemented.
//!
//! A comment of a product crate cites a rule as "rule S7" or "rules A1 to A4, M3". At most two
//! files are named: those that cite it most often. A crate that only explains, shows or plays the
//! platform is named if no other one cites the rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{root, say};

const PAGE: &str = "docs/protocol.md";
/// The rules again, for the page of the sandbox.
const RULES: &str = "crates/kommo-sandbox/src/control/dashboard/rules.json";
const HEADING: &str = "where";
const FILES_MAX: usize = 2;
/// Crates that use a rule which stands in another one.
const ADAPTERS: [&str; 5] = [
    "kommo-axum",
    "kommo-handover",
    "kommo-http",
    "kommo-keeper",
    "kommo-store",
];
/// Crates that say something about the rules of others.
const SECOND_HAND: [&str; 3] = ["kommo-cli", "kommo-explain", "kommo-sandbox"];

/// Writes the page anew, or with `check` fails if it would be another one.
pub(crate) fn fill(check: bool) -> Result<()> {
    let file = root().join(PAGE);
    let page = std::fs::read_to_string(&file).with_context(|| format!("cannot read {PAGE}"))?;
    let cited = citations()?;
    let mut missing = BTreeSet::new();
    let lines: Vec<String> = page
        .lines()
        .map(|line| filled(line, &cited, &mut missing))
        .collect();
    if !missing.is_empty() {
        bail!("no comment of a product crate cites {missing:?}");
    }
    let filled = lines.join("\n") + "\n";
    write_or_check(PAGE, &filled, check)?;
    write_or_check(RULES, &rules(&filled), check)
}

fn write_or_check(name: &str, text: &str, check: bool) -> Result<()> {
    let file = root().join(name);
    if std::fs::read_to_string(&file).is_ok_and(|before| before == text) {
        return Ok(());
    }
    if check {
        bail!("{name} is not current: run cargo xtask where");
    }
    std::fs::write(&file, text)?;
    say(&format!("wrote {name}"));
    Ok(())
}

/// The rules as JSON, one a line: statement, source and certainty by number.
fn rules(page: &str) -> String {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
        let [rule, statement, source, certainty, ..] = cells.as_slice() else {
            return None;
        };
        let text = |cell: &str| Value::from(cell.replace("\\|", "|"));
        is_rule(rule).then(|| {
            format!(
                "\"{rule}\": {{\"statement\": {}, \"source\": {}, \"certainty\": {}}}",
                text(statement),
                text(source),
                text(certainty)
            )
        })
    });
    let rows: Vec<String> = rows.collect();
    format!("{{\n{}\n}}\n", rows.join(",\n"))
}

/// A line of the page with its last column. Tables that have no rules stay as they are.
fn filled(line: &str, cited: &Citations, missing: &mut BTreeSet<String>) -> String {
    const HEAD: &str = "| rule | statement | source | certainty |";
    if line.starts_with(HEAD) {
        return format!("{HEAD} {HEADING} |");
    }
    let Some((rule, _)) = line
        .strip_prefix("| ")
        .and_then(|rest| rest.split_once(" |"))
    else {
        // The line under a heading: one dash group a column.
        return match line {
            "| --- | --- | --- | --- |" => format!("{line} --- |"),
            _ => line.to_owned(),
        };
    };
    if !is_rule(rule) {
        return line.to_owned();
    }
    let files = cited.files(rule);
    if files.is_empty() {
        missing.insert(rule.to_owned());
    }
    // Four cells, and perhaps the column of before. A bar inside a cell is escaped.
    let mut cells: Vec<&str> = line.split(" | ").collect();
    cells.truncate(4);
    let kept = cells.join(" | ");
    let kept = kept.strip_suffix(" |").unwrap_or(&kept);
    format!("{kept} | {} |", files.join(", "))
}

/// How often each file cites each rule.
#[derive(Debug, Default)]
struct Citations(BTreeMap<String, BTreeMap<String, usize>>);

impl Citations {
    fn files(&self, rule: &str) -> Vec<String> {
        let Some(counts) = self.0.get(rule) else {
            return Vec::new();
        };
        let is_of = |names: &[&str], file: &str| names.iter().any(|name| file.starts_with(name));
        let is_second_hand = |file: &str| is_of(&SECOND_HAND, file);
        let mut files: Vec<_> = counts.iter().collect();
        if files.iter().any(|(file, _)| !is_second_hand(file)) {
            files.retain(|(file, _)| !is_second_hand(file));
        }
        files.sort_by_key(|(file, count)| {
            let is_adapter = is_of(&ADAPTERS, file);
            (
                is_adapter,
                core::cmp::Reverse(**count),
                file.contains("error"),
                *file,
            )
        });
        let files = files.into_iter().take(FILES_MAX);
        files
            .map(|(file, _)| format!("[`{file}`](../crates/{file})"))
            .collect()
    }
}

fn citations() -> Result<Citations> {
    let mut citations = Citations::default();
    let crates = root().join("crates");
    for entry in std::fs::read_dir(&crates)? {
        // What only proves is no place of a rule.
        let source = entry?.path().join("src");
        if source.is_dir() {
            read_below(&crates, &source, &mut citations)?;
        }
    }
    Ok(citations)
}

fn read_below(crates: &Path, directory: &Path, citations: &mut Citations) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            read_below(crates, &path, citations)?;
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            let name = path.strip_prefix(crates)?.display().to_string();
            for rule in cited(&std::fs::read_to_string(&path)?) {
                *citations
                    .0
                    .entry(rule)
                    .or_default()
                    .entry(name.clone())
                    .or_default() += 1;
            }
        }
    }
    Ok(())
}

/// The rules that the comments of a file cite, each as often as it is cited.
fn cited(source: &str) -> Vec<String> {
    let comments = source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("//"));
    let comments: Vec<&str> = comments
        .map(|text| text.trim_start_matches(['/', '!']))
        .collect();
    let comments = comments.join(" ");
    let mut words = comments.split_whitespace().peekable();
    let mut found: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        let word = word.trim_start_matches('(').to_lowercase();
        if word != "rule" && word != "rules" {
            continue;
        }
        let mut is_range = false;
        while let Some(word) = words.peek() {
            let name = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            if is_rule(name) {
                match found.last().cloned().filter(|_| is_range) {
                    Some(first) => found.extend(between(&first, name)),
                    None => found.push(name.to_owned()),
                }
            } else if !["and", "or", "to"].contains(&name) {
                break;
            }
            is_range = name == "to";
            words.next();
        }
    }
    found
}

/// The rules after the first one, up to the last one.
fn between(first: &str, last: &str) -> Vec<String> {
    let (letter, start) = first.split_at(1);
    let numbers = (
        start.parse::<u32>(),
        last.get(1..).unwrap_or_default().parse(),
    );
    let (Ok(start), Ok(end)) = numbers else {
        return vec![last.to_owned()];
    };
    (start + 1..=end)
        .map(|number| format!("{letter}{number}"))
        .collect()
}

/// One upper-case letter and digits.
fn is_rule(word: &str) -> bool {
    let mut letters = word.chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_uppercase())
        && word.len() > 1
        && letters.all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Citations, cited, filled};

    #[test]
    fn citations_are_read_over_the_end_of_a_line_and_as_ranges() {
        let source = "//! Source: rules A1\n//! to A3, M3 and L6.\nlet rule = X1;\n    // (rule S7) not S8\n";
        assert_eq!(cited(source), ["A1", "A2", "A3", "M3", "L6", "S7"]);
    }

    #[test]
    fn a_row_gets_its_files_once_and_again() {
        let mut cited = Citations::default();
        for (file, count) in [("kommo-explain/src/a.rs", 9), ("kommo-sign/src/b.rs", 1)] {
            let counts = cited.0.entry("S1".to_owned()).or_default();
            counts.insert(file.to_owned(), count);
        }
        let mut missing = std::collections::BTreeSet::new();
        let row = "| S1 | a `x\\|y` text | page | stated |";
        let first = filled(row, &cited, &mut missing);
        let wanted = format!("{row} [`kommo-sign/src/b.rs`](../crates/kommo-sign/src/b.rs) |");
        assert_eq!(first, wanted);
        assert_eq!(filled(&first, &cited, &mut missing), first);
        assert!(missing.is_empty());
        filled("| S2 | text | page | stated |", &cited, &mut missing);
        assert_eq!(missing.len(), 1);
    }
}
