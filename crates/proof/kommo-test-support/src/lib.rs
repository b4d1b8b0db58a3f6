//! What the tests of several crates share. Everything here may panic: its caller is a test.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test has std"
)]
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "its users are in this repository"
)]

mod postgres_cluster;

mod postgres_server;

mod rabbit_node;

#[cfg(feature = "logs")]
pub mod collector;

#[cfg(feature = "servers")]
pub mod gzip;

#[cfg(feature = "servers")]
pub mod raw_server;

pub use postgres_cluster::{ClusterError, PACKAGE, PostgresCluster, Stop};
pub use postgres_server::{POSTGRES_URL, postgres_is_left_out, postgres_server, with_database};
pub use rabbit_node::{RABBITMQ_PACKAGE, RabbitNode, rabbitmq_is_installed, rabbitmq_is_left_out};
