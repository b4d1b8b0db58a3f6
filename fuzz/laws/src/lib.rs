//! What the fuzz targets assert, as ordinary functions: each takes any bytes and panics if a law is
//! broken.
//!
//! A law compares a parser or a verdict of the pure crates with a naive judge that stands beside
//! it, written for reading and from the rules of `docs/protocol.md`, not from the code. The same
//! functions run under the fuzzer (`fuzz/fuzz_targets/`), over every seed and every saved input,
//! and over some thousand made-up inputs in an ordinary test.
//!
//! ```text
//! bytes ── cut into fields ──┬── kommo-sign, kommo-account, kommo-explain, kommo-oauth ──┐
//!                            └── naive judge ────────────────────────────────────────────┴── equal, or panic
//! ```

#![forbid(unsafe_code)]

extern crate alloc;

mod fields;

mod json_entries;
mod naive_form;
mod naive_mac;

#[cfg(feature = "seeds")]
mod oauth_seeds;

mod account_host;
mod bulk_batch;
mod captured_request;
mod chats_answer;
mod claims;
mod disconnect_query;
mod explain;
mod hook_verifiers;
mod bot_token;
mod open_api_answer;
mod open_api_hook;
mod return_url;
mod form;
mod crm_hook;
mod stored_grant;
mod stored_hooks;
mod grant_steps;
mod redirect;
mod request_date;
mod request_path;
mod signature_text;
mod string_to_sign;
mod token_response;

#[cfg(feature = "seeds")]
mod seeds;

pub use account_host::account_host;
pub use bot_token::bot_token;
pub use bulk_batch::bulk_batch;
pub use captured_request::captured_request;
pub use chats_answer::chats_answer;
pub use claims::claims;
pub use crm_hook::crm_hook;
pub use disconnect_query::disconnect_query;
pub use explain::explain;
pub use form::form;
pub use grant_steps::grant_steps;
pub use hook_verifiers::hook_verifiers;
pub use open_api_answer::open_api_answer;
pub use open_api_hook::open_api_hook;
pub use redirect::redirect;
pub use request_date::request_date;
pub use request_path::request_path;
pub use return_url::return_url;
pub use signature_text::signature_text;
pub use stored_grant::stored_grant;
pub use stored_hooks::{hook_record, spool_group};
pub use string_to_sign::string_to_sign;
pub use token_response::token_response;

#[cfg(feature = "seeds")]
pub use seeds::seeds;

/// A law: takes any bytes, panics if it is broken.
pub type Law = fn(&[u8]);

/// Every fuzz target with its law. The names are those of `fuzz/fuzz_targets/`.
pub const LAWS: [(&str, Law); 24] = [
    ("account_host", account_host),
    ("bot_token", bot_token),
    ("bulk_batch", bulk_batch),
    ("captured_request", captured_request),
    ("chats_answer", chats_answer),
    ("claims", claims),
    ("crm_hook", crm_hook),
    ("disconnect_query", disconnect_query),
    ("explain", explain),
    ("form", form),
    ("grant_steps", grant_steps),
    ("hook_record", hook_record),
    ("hook_verifiers", hook_verifiers),
    ("open_api_answer", open_api_answer),
    ("open_api_hook", open_api_hook),
    ("redirect", redirect),
    ("request_date", request_date),
    ("request_path", request_path),
    ("return_url", return_url),
    ("signature_text", signature_text),
    ("spool_group", spool_group),
    ("stored_grant", stored_grant),
    ("string_to_sign", string_to_sign),
    ("token_response", token_response),
];
