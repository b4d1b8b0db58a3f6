//! Habits that a machine can check: rules with proof, module docs, one-way imports, no path of a
//! machine.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// All files below a directory, build output and hidden folders aside.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.')
                && !["target", "corpus", "artifacts", "__pycache__"].contains(&&*name)
            {
                found.extend(files_below(&path));
            }
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<PathBuf> {
    let files = files_below(&root()).into_iter();
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn name_of(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The numbers of the rows of `docs/protocol.md`.
fn rules() -> BTreeSet<String> {
    let text = read(&root().join("docs/protocol.md"));
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(' '))
        .map(|(cell, _)| cell);
    cells
        .filter(|cell| is_rule(cell))
        .map(str::to_owned)
        .collect()
}

fn is_rule(word: &str) -> bool {
    let mut letters = word.chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_uppercase())
        && word.len() > 1
        && letters.all(|digit| digit.is_ascii_digit())
}

/// The rules that a text names, on lines that speak of rules.
fn rules_named(text: &str) -> BTreeSet<String> {
    let lines = text
        .lines()
        .filter(|line| line.to_lowercase().contains("rule"));
    let words = lines.flat_map(|line| line.split(|letter: char| !letter.is_ascii_alphanumeric()));
    words
        .filter(|word| is_rule(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_rule_has_a_vector_or_a_test_that_names_it() {
    let rules = rules();
    assert!(
        rules.len() > 40,
        "the tables of docs/protocol.md were not read"
    );
    let mut named = BTreeSet::new();
    for path in rust_files() {
        let name = name_of(&path);
        if name.contains("/tests/") || name.ends_with("/tests.rs") {
            named.extend(rules_named(&read(&path)));
        }
    }
    for path in files_below(&root().join("crates/proof/kommo-test-vectors/vectors")) {
        if path.ends_with("context.json") {
            let context: serde_json::Value = serde_json::from_str(&read(&path)).unwrap();
            let rules = context["rules"].as_array().unwrap().iter();
            named.extend(rules.map(|rule| rule.as_str().unwrap().to_owned()));
        }
    }
    let without_proof: Vec<_> = rules.difference(&named).collect();
    assert!(
        without_proof.is_empty(),
        "rules without a vector or a test: {without_proof:?}"
    );
}

#[test]
fn no_vector_and_no_code_names_a_rule_that_does_not_exist() {
    let rules = rules();
    for path in rust_files() {
        let text = read(&path);
        let comments = text
            .lines()
            .filter(|line| line.trim_start().starts_with("//"));
        for line in
            comments.filter(|line| line.contains("Rule") || line.contains("docs/protocol.md"))
        {
            // A letter that no rule has belongs to something else, such as the invariants I1 to
            // I12.
            let is_ours = |name: &&String| rules.iter().any(|rule| rule[..1] == name[..1]);
            let named = rules_named(line);
            let unknown: Vec<_> = named.difference(&rules).filter(is_ours).collect();
            assert!(
                unknown.is_empty(),
                "{}: {unknown:?} in: {line}",
                name_of(&path)
            );
        }
    }
}

#[test]
fn every_source_file_says_what_it_is() {
    for path in rust_files() {
        let text = read(&path);
        let first = text.lines().next().unwrap_or_default();
        let has_docs =
            first.starts_with("//!") || (first.starts_with("#![") && first.contains("doc = "));
        assert!(
            has_docs,
            "{} does not begin with module docs",
            name_of(&path)
        );
    }
}

#[test]
fn no_file_is_called_mod_rs_or_holds_leftovers() {
    let banned = [
        "mod", "utils", "util", "common", "helpers", "helper", "types", "misc",
    ];
    for path in rust_files() {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !banned.contains(&&*stem),
            "{}: name the concern",
            name_of(&path)
        );
    }
}

/// The modules that a file declares, in their order.
fn modules(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| {
        let visibilities = ["pub(crate) ", "pub(super) ", "pub "];
        let stripped = visibilities.iter().find_map(|word| line.strip_prefix(word));
        stripped.unwrap_or(line)
    });
    lines
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

type ModulePath = Vec<String>;

/// A text without its comments.
fn code(text: &str) -> String {
    let lines = text.lines();
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The paths that a file names from the root of its own crate: those after `crate::` anywhere, and
/// its own `use super::…`.
fn imports(code: &str, own: &ModulePath) -> BTreeSet<ModulePath> {
    let mut found = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        read_tree(part, Vec::new(), &mut found);
    }
    for line_start in code.split("\nuse super::").skip(1) {
        let parent = own[..own.len().saturating_sub(1)].to_vec();
        read_tree(line_start, parent, &mut found);
    }
    found
}

/// Reads `a::b`, or `a::{b, c::d}`, and returns what follows it.
fn read_tree<'a>(text: &'a str, prefix: ModulePath, found: &mut BTreeSet<ModulePath>) -> &'a str {
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches([',', ' ', '\n']);
            if rest.is_empty() || rest.starts_with('}') {
                return rest.get(1..).unwrap_or_default();
            }
            let after = read_tree(rest, prefix.clone(), found);
            // What is not part of a path, such as `as name`.
            let end = after.find([',', '}']).unwrap_or(after.len());
            rest = &after[end..];
        }
    }
    let end = text
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let path = [prefix, vec![name.to_owned()]].concat();
    match rest.strip_prefix("::") {
        Some(rest) => read_tree(rest, path, found),
        None => {
            found.insert(path);
            rest
        }
    }
}

/// The source files of one crate.
struct Crate {
    /// The code of each file by the path of its module; the root's path is empty.
    files: BTreeMap<ModulePath, String>,
}

impl Crate {
    fn read(root_file: &Path) -> Self {
        let source = root_file.parent().unwrap();
        let mut files = BTreeMap::from([(Vec::new(), code(&read(root_file)))]);
        for path in files_below(source) {
            if path.extension().is_none_or(|extension| extension != "rs") || path == root_file {
                continue;
            }
            let inside = path.strip_prefix(source).unwrap().with_extension("");
            let names = inside
                .iter()
                .map(|name| name.to_string_lossy().into_owned());
            files.insert(names.collect(), code(&read(&path)));
        }
        Self { files }
    }

    /// The file that has what a path names.
    fn file_of(&self, path: &ModulePath) -> ModulePath {
        let lengths = (0..=path.len()).rev();
        let mut prefixes = lengths.map(|length| path[..length].to_vec());
        let file = prefixes.find(|prefix| self.files.contains_key(prefix));
        file.unwrap_or_default()
    }

    /// Whether a file may use another: one that is listed above it, or above the folder that it
    /// stands in; its own parent only if that does not use it in turn.
    fn may_use(&self, own: &ModulePath, other: &ModulePath) -> bool {
        let same = own.iter().zip(other).take_while(|(a, b)| a == b).count();
        let parent = own[..same].to_vec();
        match (own.get(same), other.get(same)) {
            (None, _) => true,
            (Some(child), None) => {
                parent.is_empty() || !self.files[&parent].contains(&format!("{child}::"))
            }
            (Some(own), Some(other)) => {
                let order = modules(&self.files[&parent]);
                let place = |name| order.iter().position(|module| module == name);
                place(other) <= place(own)
            }
        }
    }
}

/// Crates in whose folders the order is not checked yet.
const FLAT: [&str; 1] = ["kommo-cli"];

#[test]
fn a_file_imports_only_from_files_above_it() {
    let mut found = Vec::new();
    for root_file in rust_files() {
        if !(root_file.ends_with("src/lib.rs") || root_file.ends_with("src/main.rs")) {
            continue;
        }
        let sources = Crate::read(&root_file);
        let has_flat_rule = FLAT.iter().any(|name| name_of(&root_file).contains(name));
        // What the root does not declare belongs to another root beside it.
        let declared = modules(&sources.files[&Vec::new()]);
        let is_declared =
            |path: &&ModulePath| path.first().is_some_and(|name| declared.contains(name));
        for own in sources.files.keys().filter(is_declared) {
            for import in imports(&sources.files[own], own) {
                let other = sources.file_of(&import);
                if has_flat_rule && own.first() == other.first() {
                    continue;
                }
                if !sources.may_use(own, &other) {
                    let (own, import) = (own.join("/"), import.join("::"));
                    found.push(format!("{}: {own} imports {import}", name_of(&root_file)));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "imports from below:\n{}",
        found.join("\n")
    );
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let own = vec!["a".to_owned(), "b".to_owned()];
    let text =
        "use crate::{c::{self, D}, e::F as G};\nuse super::h::{I, J};\nlet k = crate::k(1);\n";
    let found = imports(&code(text), &own);
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        found,
        ["a::h::I", "a::h::J", "c::D", "c::self", "e::F", "k"]
    );
}

#[test]
fn no_file_names_a_path_of_a_machine() {
    // Spelled in halves, so that this file is not a finding of its own.
    let needles = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/ho", "me/"].concat(),
    ];
    for path in files_below(&root()) {
        // In a second work tree `.git` is a file, which holds the path of the first.
        if path.ends_with("Cargo.lock") || path.ends_with(".git") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for needle in &needles {
            assert!(
                !text.contains(needle.as_str()),
                "{} names a path of a machine",
                name_of(&path)
            );
        }
    }
}

#[test]
fn no_test_is_ignored() {
    let needle = ["#[ig", "nore"].concat();
    for path in rust_files() {
        assert!(
            !read(&path).contains(&needle),
            "{} leaves a test out",
            name_of(&path)
        );
    }
}

#[test]
fn every_published_crate_has_its_papers() {
    for path in files_below(&root().join("crates")) {
        if !path.ends_with("Cargo.toml") || read(&path).contains("publish = false") {
            continue;
        }
        for paper in ["README.md", "CHANGELOG.md"] {
            let paper = path.with_file_name(paper);
            assert!(paper.exists(), "{} is missing", name_of(&paper));
        }
        let text = read(&path);
        for field in [
            "description",
            "rust-version",
            "readme",
            "keywords",
            "categories",
            "[lints]",
        ] {
            assert!(text.contains(field), "{} has no {field}", name_of(&path));
        }
    }
}

/// The project's own pages, wherever they are.
fn pages() -> Vec<PathBuf> {
    let files = files_below(&root()).into_iter();
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// The text of a page without its blocks of code.
fn prose(page: &str) -> String {
    page.split("\n```").step_by(2).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let texts = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    texts
        .map(|text| {
            let kept = text
                .chars()
                .filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
            kept.map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

#[test]
fn every_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there() {
    let mut found = Vec::new();
    for page in pages() {
        let text = prose(&read(&page));
        for part in text.split("](").skip(1) {
            let link = part.split(')').next().unwrap();
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.with_file_name(file),
            };
            let is_there = match anchor {
                // A path into the documentation of a type, such as `crate::Sandbox`, is rustdoc's.
                _ if file.contains("::") => true,
                _ if !target.exists() => !file.contains(['/', '.']) && !file.is_empty(),
                "" => true,
                anchor => target.is_file() && anchors(&prose(&read(&target))).contains(anchor),
            };
            if !is_there {
                found.push(format!("{}: {link}", name_of(&page)));
            }
        }
    }
    assert!(found.is_empty(), "links to nothing:\n{}", found.join("\n"));
}

#[test]
fn every_file_that_a_page_names_from_the_root_is_there() {
    let places = ["crates/", "docs/", "xtask/", "fuzz/", "benches/"];
    let mut found = Vec::new();
    for page in pages() {
        let text = prose(&read(&page));
        for name in text.split('`').skip(1).step_by(2) {
            let is_path = places.iter().any(|place| name.starts_with(place))
                && !name.contains(['*', '<', ' ', '…', '\n']);
            if is_path && !root().join(name).exists() {
                found.push(format!("{}: {name}", name_of(&page)));
            }
        }
    }
    assert!(
        found.is_empty(),
        "files that are not there:\n{}",
        found.join("\n")
    );
}

#[test]
fn the_page_of_rules_names_the_files_of_each_rule() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.args(["where", "--check"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_glossary_defines_each_term_once() {
    let page = read(&root().join("docs/glossary.md"));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let terms = rows.filter_map(|row| row.split(" | ").next());
    let terms: Vec<_> = terms
        .filter(|term| !["term", "---"].contains(term))
        .collect();
    let different: BTreeSet<_> = terms.iter().collect();
    assert!(terms.len() > 50, "the tables were not read");
    assert_eq!(
        terms.len(),
        different.len(),
        "a term stands twice: {terms:?}"
    );
}

/// Crates of ours that a text names between backticks.
fn crates_named(text: &str) -> BTreeSet<String> {
    let names = text.split('`').skip(1).step_by(2);
    names
        .filter(|name| *name == "kommo" || name.starts_with("kommo-"))
        .map(str::to_owned)
        .collect()
}

/// Crates of ours among the dependencies of a manifest, optional ones too.
fn crates_used(manifest: &str) -> BTreeSet<String> {
    let table = manifest
        .split("\n[")
        .find(|table| table.starts_with("dependencies]"));
    let names = table.unwrap_or_default().lines().filter_map(|line| {
        let name = line.split(['.', ' ', '=']).next()?;
        name.starts_with("kommo").then(|| name.to_owned())
    });
    names.collect()
}

#[test]
fn the_map_names_what_each_crate_uses_from_the_bottom_up() {
    let page = read(&root().join("ARCHITECTURE.md"));
    let mut above = BTreeSet::new();
    for row in page.lines() {
        let Some((name, uses)) = row
            .strip_prefix("| `kommo")
            .and_then(|row| row.split_once("` | "))
        else {
            continue;
        };
        let name = format!("kommo{name}");
        let manifest = read(&root().join("crates").join(&name).join("Cargo.toml"));
        assert_eq!(crates_named(uses), crates_used(&manifest), "{name}");
        let unknown: Vec<_> = crates_used(&manifest).difference(&above).cloned().collect();
        assert!(unknown.is_empty(), "{name} is above {unknown:?}");
        above.insert(name);
    }
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    let names = crates.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(
        above,
        names.filter(|name| name.starts_with("kommo")).collect()
    );
}

/// The lines of prose, with their numbers: comments of code, or a page; tables, code blocks, links
/// and whatever has no space to break at are left out.
fn prose_lines(path: &Path, text: &str) -> Vec<(usize, String)> {
    let is_code = path.extension().is_some_and(|extension| extension == "rs");
    let mut is_block = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let content = match trimmed.strip_prefix("//") {
            Some(comment) if is_code => comment.trim_start_matches(['/', '!']),
            None if is_code => continue,
            _ => trimmed,
        };
        let content = content.trim();
        if content.starts_with("```") {
            is_block = !is_block;
        }
        let is_table_or_link = content.starts_with(['|', '[']) || content.starts_with('<');
        let has_words = content.split(' ').count() > 2;
        if !is_block && !is_table_or_link && has_words {
            found.push((index + 1, line.to_owned()));
        }
    }
    found
}

#[test]
fn prose_fits_a_hundred_columns() {
    let mut found = Vec::new();
    for path in files_below(&root()) {
        let name = name_of(&path);
        let is_prose = name.ends_with(".rs") || name.ends_with(".md");
        if !is_prose {
            continue;
        }
        for (number, line) in prose_lines(&path, &read(&path)) {
            if line.chars().count() > 100 {
                found.push(format!("{name}:{number}"));
            }
        }
    }
    assert!(
        found.is_empty(),
        "prose of more than 100 columns:\n{}",
        found.join("\n")
    );
}
