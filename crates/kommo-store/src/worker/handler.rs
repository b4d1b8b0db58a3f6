//! Who handles hooks.

use alloc::sync::Arc;

use kommo_hooks::inbox::HandlingOutcome;

use crate::inbox::ClaimedHook;

/// Handles hooks, one at a time for each conversation. Every
/// `Fn(Arc<ClaimedHook>) -> impl Future<Output = HandlingOutcome>` is one.
///
/// A hook may come again after a crash, with the same [`key`](ClaimedHook::key).
pub trait HookHandler: Send + Sync + 'static {
    /// Handles one hook. A panic counts as an attempt that failed. The future is dropped at an
    /// await when the attempt takes too long, when its lease is lost, and when the worker is
    /// dropped.
    fn handle(&self, hook: Arc<ClaimedHook>) -> impl Future<Output = HandlingOutcome> + Send;
}

impl<F, T> HookHandler for F
where
    F: Fn(Arc<ClaimedHook>) -> T + Send + Sync + 'static,
    T: Future<Output = HandlingOutcome> + Send,
{
    fn handle(&self, hook: Arc<ClaimedHook>) -> impl Future<Output = HandlingOutcome> + Send {
        self(hook)
    }
}
