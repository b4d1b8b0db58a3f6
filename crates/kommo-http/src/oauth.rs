//! The token endpoint: exchange, refresh, look-up, probe.

mod account_probe;
mod counted_request;
mod token_log;
mod token_endpoint;

pub use self::token_endpoint::HttpTokenEndpoint;
