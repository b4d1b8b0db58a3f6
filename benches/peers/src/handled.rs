//! How many hooks were handled. One for the program, since a handler of a peer is a plain function.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

static COUNT: AtomicU64 = AtomicU64::new(0);
static CHANGED: Notify = Notify::const_new();

/// What every handler does.
pub(crate) fn one() {
    COUNT.fetch_add(1, Ordering::Relaxed);
    CHANGED.notify_one();
}

/// Waits until so many were, and begins anew.
pub(crate) async fn wait_for(count: u64) {
    while COUNT.load(Ordering::Relaxed) < count {
        CHANGED.notified().await;
    }
    COUNT.store(0, Ordering::Relaxed);
}
