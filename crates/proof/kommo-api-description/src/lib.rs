//! The descriptions that other tools read: `docs/openapi.json` and `docs/asyncapi.json`.
//!
//! The tests of this crate hold them to the sandbox, to the published samples and to the sources of
//! the typed crates; `docs/coverage.md` is made from them.

use serde_json::Value;

/// `docs/openapi.json`: what the sandbox serves.
///
/// # Panics
///
/// If the file is not JSON.
#[must_use]
pub fn openapi() -> Value {
    parsed(include_str!("../../../../docs/openapi.json"))
}

/// `docs/asyncapi.json`: the hooks that it sends.
///
/// # Panics
///
/// If the file is not JSON.
#[must_use]
pub fn asyncapi() -> Value {
    parsed(include_str!("../../../../docs/asyncapi.json"))
}

#[allow(
    clippy::expect_used,
    reason = "a description that is not JSON fails every test of this crate"
)]
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("the description is JSON")
}
