//! What the fuzz targets assert, as ordinary functions: each takes any bytes and panics if a law is broken.
//!
//! A law compares a parser or a verdict of the pure crates with a naive judge that stands beside it, written for reading and
//! from the rules of `docs/protocol.md`, not from the code. The same functions run under the fuzzer (`fuzz/fuzz_targets/`),
//! over every seed and every saved input, and over some thousand made-up inputs in an ordinary test.
//!
//! ```text
//! bytes ── cut into fields ──┬── kommo-sign, kommo-account, kommo-explain ──┐
//!                            └── naive judge ───────────────────────────────┴── equal, or panic
//! ```

#![forbid(unsafe_code)]

extern crate alloc;

mod fields;

mod naive_mac;

mod account_host;
mod disconnect_query;
mod explain;
mod request_date;
mod request_path;
mod signature_text;
mod string_to_sign;

#[cfg(feature = "seeds")]
mod seeds;

pub use account_host::account_host;
pub use disconnect_query::disconnect_query;
pub use explain::explain;
pub use request_date::request_date;
pub use request_path::request_path;
pub use signature_text::signature_text;
pub use string_to_sign::string_to_sign;

#[cfg(feature = "seeds")]
pub use seeds::seeds;

/// A law: takes any bytes, panics if it is broken.
pub type Law = fn(&[u8]);

/// Every fuzz target with its law. The names are those of `fuzz/fuzz_targets/`.
pub const LAWS: [(&str, Law); 7] = [
    ("account_host", account_host),
    ("disconnect_query", disconnect_query),
    ("explain", explain),
    ("request_date", request_date),
    ("request_path", request_path),
    ("signature_text", signature_text),
    ("string_to_sign", string_to_sign),
];
