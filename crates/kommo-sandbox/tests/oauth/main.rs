//! The token endpoint and the CRM API seen from outside, over the router and over real sockets. One
//! file per theme.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod plain_client;

mod access_token;
mod bulk;
mod clients_in_use;
mod control_api;
mod crm;
mod delivery;
mod exchange;
mod faults;
mod links;
mod refresh;
mod rotation;
mod rules;
mod secrecy;
mod subdomain;
