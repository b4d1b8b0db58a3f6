//! The lines for the method and the content type as they may have been signed.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::search::Variant;

const METHODS: [&str; 5] = ["POST", "GET", "DELETE", "PUT", "PATCH"];

/// The finding for a method that came in lower or mixed case.
pub(crate) fn method_came_lower() -> Finding {
    let message = "The method came in lower or mixed case.";
    Finding::new(FindingCode::MethodCase, message)
}

/// The method that came, then that method in other letter cases, then other methods.
pub(crate) fn method_variants(method: &str) -> Vec<Variant<String>> {
    let mut variants = Vec::from([Variant::right(method.to_owned())]);
    let mut add = |text: String, finding: Finding, common: bool| {
        if variants.iter().all(|known| known.value != text) {
            variants.push(Variant {
                value: text,
                findings: Vec::from([finding]),
                common,
            });
        }
    };
    let case = |message| Finding::new(FindingCode::MethodCase, message);
    let upper = method.to_ascii_uppercase();
    let lower = method.to_ascii_lowercase();
    let title = upper.chars().take(1).chain(lower.chars().skip(1)).collect();
    add(upper, method_came_lower(), true);
    add(lower, case("The method was signed in lower case."), true);
    add(title, case("The method was signed in mixed case."), false);
    for other in METHODS {
        let message = format!("The method {other} was signed, and another came.");
        let finding = Finding::new(FindingCode::MethodDiffers, message);
        add(other.to_owned(), finding, false);
    }
    let message = "The method was signed as an empty line.";
    let finding = Finding::new(FindingCode::MethodDiffers, message);
    add(String::new(), finding, false);
    variants
}

/// What HTTP libraries send without a content type, and what signers write by habit.
const CONTENT_TYPES: [(&str, bool); 17] = [
    ("application/json", true),
    ("", true),
    ("application/json; charset=utf-8", true),
    ("application/json;charset=utf-8", false),
    ("application/json; charset=UTF-8", false),
    ("application/json;charset=UTF-8", false),
    ("application/x-www-form-urlencoded", false),
    ("application/x-www-form-urlencoded; charset=UTF-8", false),
    ("text/plain", false),
    ("text/plain; charset=utf-8", false),
    ("text/plain;charset=UTF-8", false),
    ("application/json, text/plain, */*", false),
    ("application/json;", false),
    ("application/hal+json", false),
    ("multipart/form-data", false),
    ("text/html", false),
    ("*/*", false),
];

/// The content type that came, or an empty line, then others.
pub(crate) fn content_type_variants(header: Option<&str>) -> Vec<Variant<String>> {
    let came = header.unwrap_or_default();
    let mut variants = Vec::from([Variant::right(came.to_owned())]);
    let bare = came.split(';').next().unwrap_or_default().trim_end();
    let lower = came.to_ascii_lowercase();
    let own = [(bare, true), (lower.as_str(), false)];
    for (text, common) in CONTENT_TYPES.into_iter().chain(own) {
        if variants.iter().any(|known| known.value == text) {
            continue;
        }
        let finding = match (header, text) {
            (None, _) => Finding::header_missing("Content-Type"),
            (Some(_), "") => Finding::new(
                FindingCode::ContentTypeDiffers,
                "The Content-Type header came, but its line was signed empty.",
            ),
            (Some(_), _) => Finding::new(
                FindingCode::ContentTypeDiffers,
                "Another content type was signed than came, for example with or without a charset.",
            ),
        };
        variants.push(Variant {
            value: text.to_owned(),
            findings: Vec::from([finding]),
            common,
        });
    }
    for (before, after) in [(" ", ""), ("", " "), ("", "\n"), ("", "\r\n")] {
        let message =
            "White space around the content type was signed, and HTTP drops it from the header.";
        let finding = Finding::new(FindingCode::HeaderWhitespace, message);
        let text = format!("{before}{came}{after}");
        if !came.is_empty() && variants.iter().all(|known| known.value != text) {
            variants.push(Variant::rare(text, finding));
        }
    }
    variants
}
