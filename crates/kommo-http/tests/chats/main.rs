//! `ChatsClient` against the sandbox, and against a bare TCP server for what stands on the wire.

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

use kommo_test_support::{collector, raw_server};

mod test_environment;

mod scene;

mod clock;
mod channel;
mod connections;
mod conversation;
mod limits;
mod proxy;
mod refusals;
mod retries;
mod secrecy;
mod vectors;
mod wire;
mod wire_laws;
