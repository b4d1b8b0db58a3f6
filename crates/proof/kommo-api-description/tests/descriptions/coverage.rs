//! `docs/coverage.md`: every endpoint, field and hook of the descriptions, and where it is found.
//! `KOMMO_WRITE_COVERAGE=1` writes the page anew.

use std::fs;
use std::path::{Path, PathBuf};

use kommo_api_description::{asyncapi, openapi};
use serde_json::Value;

/// The operation, and what calls it: a function of a client, or a type that is given to one.
const CALLS: [(&str, &str, &str); 17] = [
    (
        "connect",
        "ChatsClient::connect",
        "crates/kommo-http/src/chats/client.rs",
    ),
    (
        "disconnect",
        "ChatsClient::disconnect",
        "crates/kommo-http/src/chats/client.rs",
    ),
    (
        "createChat",
        "ChatsConnection::create_chat",
        "crates/kommo-http/src/chats/connection.rs",
    ),
    (
        "sendMessage",
        "ChatsConnection::send",
        "crates/kommo-http/src/chats/connection.rs",
    ),
    (
        "setDeliveryStatus",
        "ChatsConnection::set_delivery_status",
        "crates/kommo-http/src/chats/connection.rs",
    ),
    (
        "readHistory",
        "ChatsConnection::history",
        "crates/kommo-http/src/chats/connection.rs",
    ),
    (
        "showTyping",
        "ChatsConnection::show_typing",
        "crates/kommo-http/src/chats/connection.rs",
    ),
    (
        "react",
        "ChatsConnection::react",
        "crates/kommo-http/src/chats/connection.rs",
    ),
    (
        "getTokens",
        "HttpTokenEndpoint",
        "crates/kommo-http/src/oauth/token_endpoint.rs",
    ),
    ("startChat", "StartChat", "crates/kommo-open-api/src"),
    ("startChats", "StartChats", "crates/kommo-open-api/src"),
    ("startGroups", "StartGroups", "crates/kommo-open-api/src"),
    ("deleteChats", "DeleteChats", "crates/kommo-open-api/src"),
    (
        "dissolveGroup",
        "DissolveGroup",
        "crates/kommo-open-api/src",
    ),
    (
        "dissolveGroups",
        "DissolveGroups",
        "crates/kommo-open-api/src",
    ),
    ("createTicket", "CreateTicket", "crates/kommo-open-api/src"),
    ("addAgents", "AddAgents", "crates/kommo-open-api/src"),
];

/// Where the types, and the tests, of a part are.
struct Part {
    title: &'static str,
    typed: &'static [&'static str],
    tested: &'static [&'static str],
}

const CHATS: Part = Part {
    title: "Chats API",
    typed: &["crates/kommo-chats/src"],
    tested: &["crates/kommo-chats/tests", "crates/kommo-http/tests/chats"],
};
const TOKENS: Part = Part {
    title: "Token endpoint",
    typed: &["crates/kommo-oauth/src"],
    tested: &["crates/kommo-oauth/tests", "crates/kommo-http/tests/oauth"],
};
const OPEN_API: Part = Part {
    title: "Open API",
    typed: &["crates/kommo-open-api/src"],
    tested: &[
        "crates/kommo-open-api/tests",
        "crates/kommo-http/tests/open_api",
    ],
};
const HOOKS: Part = Part {
    title: "Hooks",
    typed: &[
        "crates/kommo-chats/src/hook",
        "crates/kommo-open-api/src",
        "crates/kommo-hooks/src",
    ],
    tested: &[
        "crates/kommo-chats/tests",
        "crates/kommo-open-api/tests",
        "crates/kommo-hooks/tests",
    ],
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The text of a file, or of every Rust file below a directory.
fn sources(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let rust =
        entries.filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| sources(&path)).collect()
}

fn all(paths: &[&str]) -> String {
    paths
        .iter()
        .map(|path| sources(&root().join(path)))
        .collect()
}

/// Whether a word stands in a text, not as a part of another.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The names of the fields of a schema, those of objects inside it too.
fn fields(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                if let ("properties", Some(properties)) = (key.as_str(), value.as_object()) {
                    // A condition names fields that stand elsewhere.
                    names.extend(properties.keys().cloned());
                    properties.values().for_each(|inner| fields(inner, names));
                } else if key != "if" {
                    fields(value, names);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, names)),
        _ => {}
    }
}

fn part_of(schema: &str) -> &'static Part {
    match schema {
        "TokenRequest" | "TokenPair" | "Problem" => &TOKENS,
        name if name.starts_with("OpenApi") => &OPEN_API,
        "StartChat" | "StartChats" | "StartGroups" | "DeleteChats" | "DissolveGroup"
        | "DissolveGroups" | "CreateTicket" | "AddAgents" => &OPEN_API,
        _ => &CHATS,
    }
}

fn mark(found: bool) -> &'static str {
    if found { "yes" } else { "**no**" }
}

/// A table of the fields of these schemas.
fn table(page: &mut String, part: &Part, schemas: &[(&String, &Value)]) {
    let (typed, tested) = (all(part.typed), all(part.tested));
    let sandbox = all(&["crates/kommo-sandbox/src"]);
    page.push_str(&format!("\n## {}: fields\n\n", part.title));
    page.push_str(
        "| schema | field | typed | tested | sandbox |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, schema) in schemas {
        let mut names = Vec::new();
        fields(schema, &mut names);
        names.sort();
        names.dedup();
        for field in names {
            let row = [&typed, &tested, &sandbox].map(|text| mark(has_word(text, &field)));
            page.push_str(&format!("| {name} | `{field}` | {} |\n", row.join(" | ")));
        }
    }
}

fn page() -> String {
    let (document, hooks) = (openapi(), asyncapi());
    let mut page = String::from(
        "# Coverage\n\n\
         Every endpoint, field and hook of [openapi.json](openapi.json) and\n\
         [asyncapi.json](asyncapi.json). A test makes this page from them and from the sources: a\n\
         field is *typed* if its name stands in the crate of its types, *tested* if in the tests of\n\
         that crate or of the client, and in the *sandbox* if in its sources. Another test validates\n\
         the answers of the sandbox against the schemas.\n\n\
         ## Endpoints\n\n\
         | operation | request | client | sandbox |\n| --- | --- | --- | --- |\n",
    );
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let call = CALLS.iter().find(|(known, ..)| *known == id);
            let (_, call, place) = call.unwrap_or_else(|| panic!("{id} has no client"));
            let name = call.rsplit("::").next().unwrap();
            let there = has_word(&all(&[place]), name);
            assert!(there, "{call} is not in {place}");
            let method = method.to_uppercase();
            page.push_str(&format!("| {id} | `{method} {path}` | `{call}` | yes |\n"));
        }
    }
    page.push_str("\n## Hooks\n\n| hook | sandbox | proven by |\n| --- | --- | --- |\n");
    for name in hooks["channels"].as_object().unwrap().keys() {
        let verifier = match name.as_str() {
            "chat" => "kommo_hooks::chat",
            "disconnect" => "kommo_hooks::disconnect",
            "open-api" => "kommo_hooks::open_api",
            "bot" | "widget" => "kommo_hooks::token",
            _ => "nothing: unsigned",
        };
        page.push_str(&format!("| {name} | yes | {verifier} |\n"));
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for part in [&CHATS, &TOKENS, &OPEN_API] {
        let of_part = schemas
            .iter()
            .filter(|(name, _)| part_of(name).title == part.title);
        table(&mut page, part, &of_part.collect::<Vec<_>>());
    }
    let schemas = hooks["components"]["schemas"].as_object().unwrap();
    table(&mut page, &HOOKS, &schemas.iter().collect::<Vec<_>>());
    page
}

#[test]
fn the_page_of_coverage_is_up_to_date() {
    let (path, page) = (root().join("docs/coverage.md"), page());
    if std::env::var_os("KOMMO_WRITE_COVERAGE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(there.lines().count(), page.lines().count(), "{AGAIN}");
    for (there, found) in there.lines().zip(page.lines()) {
        let cells = there.split(" | ").zip(found.split(" | "));
        // The page may promise less than there is: somebody wrote another test.
        let mut cells = cells.filter(|(there, found)| !is_less(there, found));
        assert!(
            cells.all(|(there, found)| there == found),
            "{AGAIN}: {there}"
        );
    }
}

const AGAIN: &str = "docs/coverage.md: run this test with KOMMO_WRITE_COVERAGE=1";

fn is_less(there: &str, found: &str) -> bool {
    let bare = |cell: &str| cell.trim_end_matches(" |").to_owned();
    bare(there) == "**no**" && bare(found) == "yes"
}
