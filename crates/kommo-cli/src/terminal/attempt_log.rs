//! `--verbose`: what the clients log of each attempt, on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// One line an attempt. No token, secret, signature or body is in it (invariant I8).
pub(crate) fn show() {
    let libraries = ["kommo_http", "kommo_keeper"];
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::DEBUG)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .finish()
        .with(Targets::new().with_targets(libraries.map(|name| (name, LevelFilter::DEBUG))));
    // Another subscriber may be at work already.
    drop(log.try_init());
}
