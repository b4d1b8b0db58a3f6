//! `CrmClient` against the sandbox, and against a bare TCP server for what stands on the wire.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the parts of a test outside its function may end it too"
)]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test program has std"
)]

use kommo_test_support::{collector, gzip, raw_server};

mod test_tokens;

#[cfg(feature = "oauth")]
mod scene;

mod against_sandbox;
mod answers;
mod budget;
mod calls;
mod encodings;
mod hostile_answers;
mod lost_answers;
mod neighbours;
mod paging;
mod realms;
mod refusals;
mod secrecy;
mod throttling;
mod unauthorized;
mod webhooks;
#[cfg(feature = "oauth")]
mod with_keeper;
