//! One attempt: the handler, its panic, its time limit, and its lease.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::panic::catch_unwind;

use kommo_hooks::inbox::HandlingOutcome;
use tokio::time::{sleep, timeout};

use crate::inbox::{ClaimedHook, Inbox};
use crate::worker::handler::HookHandler;

/// `None`: the lease was lost, so there is nothing to settle.
pub(super) async fn attempt(
    inbox: &Inbox,
    handler: &impl HookHandler,
    hook: Arc<ClaimedHook>,
    within: Duration,
) -> Option<HandlingOutcome> {
    let handling = timeout(within, caught(handler, Arc::clone(&hook)));
    tokio::select! {
        outcome = handling => Some(outcome.unwrap_or_else(|_| failed("the handler took too long"))),
        () = lease_is_lost(inbox, &hook) => {
            tracing::warn!(id = hook.id(), "the lease of a hook was lost; its handler is dropped");
            None
        }
    }
}

/// A panic ends the attempt and not the worker.
async fn caught(handler: &impl HookHandler, hook: Arc<ClaimedHook>) -> HandlingOutcome {
    let id = hook.id();
    // The call itself may panic too.
    let mut handling = pin!(async { handler.handle(hook).await });
    // Nothing of the future is looked at after a panic: it is dropped.
    let polled = poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    match polled.await {
        Some(outcome) => outcome,
        None => {
            tracing::error!(id, "the handler of a hook panicked");
            failed("the handler panicked")
        }
    }
}

fn failed(reason: &str) -> HandlingOutcome {
    HandlingOutcome::Later {
        reason: reason.to_owned(),
        not_before: None,
    }
}

/// Renews the lease; returns when another attempt has begun. A database that does not answer takes
/// no lease away: whether it ended is known when the attempt is settled.
async fn lease_is_lost(inbox: &Inbox, hook: &ClaimedHook) {
    // Two renewals may fail before the lease ends.
    let pause = (inbox.lease() / 3).max(Duration::from_millis(10));
    loop {
        sleep(pause).await;
        match inbox.renew(hook).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(problem) => tracing::warn!(%problem, id = hook.id(), "a lease was not renewed"),
        }
    }
}
