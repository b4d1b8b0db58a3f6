//! By HTTP, to a URL of the user's.

use alloc::sync::Arc;
use core::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use kommo_hooks::inbox::HandlingOutcome;
use kommo_http::{TransportError, WebhookAnswer, WebhookSender};
use kommo_sign::WebhookId;
use kommo_store::{ClaimedHook, HookHandler};

use crate::envelope::{CONTENT_TYPE, envelope};

/// A handler that hands hooks on to a URL: the [`envelope`], with the hook's
/// [`key`](ClaimedHook::key) as `webhook-id`, signed anew at each attempt.
///
/// | answer | what becomes of the hook |
/// | --- | --- |
/// | 200 to 299 | done |
/// | 410 | failed for good: the receiver says that it will never want it. It stays, to be seen and replayed |
/// | 429, 502, 503, 504 | the receiver is away: again, and the attempt does not count |
/// | none: no connection, no trusted certificate, not in time | the same |
/// | any other status, also a redirect; a connection that ends before the answer | again; the attempt counts |
///
/// The pause is that of the inbox or that of `Retry-After`, whichever is longer, and `Retry-After`
/// counts up to [`longest_pause`](kommo_hooks::inbox::RetryPolicy::longest_pause).
///
/// Standard Webhooks says of 410 that the sender should switch the URL off. It is yours, so this is
/// left to you: each 410 is logged, and the hooks that failed can be replayed.
///
/// Source: rule W3 of `docs/protocol.md`.
#[derive(Clone)]
pub struct HttpHandover {
    sender: WebhookSender,
}

impl HttpHandover {
    /// Hands on to where this sender sends to.
    #[must_use]
    pub const fn new(sender: WebhookSender) -> Self {
        Self { sender }
    }
}

impl HookHandler for HttpHandover {
    async fn handle(&self, hook: Arc<ClaimedHook>) -> HandlingOutcome {
        let Ok(id) = WebhookId::parse(hook.key()) else {
            return HandlingOutcome::Refused {
                reason: "the key of the hook is not an id".to_owned(),
            };
        };
        let body = envelope(&hook);
        let answer = self.sender.send(&id, now_seconds(), CONTENT_TYPE, body);
        match answer.await {
            Ok(answer) => outcome(answer, &hook),
            // Names the kind of the failure, and nothing that was sent.
            Err(problem) => match problem {
                TransportError::Connect(_)
                | TransportError::Tls(_)
                | TransportError::Timeout(_) => HandlingOutcome::away(problem.to_string()),
                _ => HandlingOutcome::later(problem.to_string()),
            },
        }
    }
}

fn outcome(answer: WebhookAnswer, hook: &ClaimedHook) -> HandlingOutcome {
    let reason = format!("http {}", answer.status);
    if answer.is_taken() {
        HandlingOutcome::Done
    } else if answer.is_gone() {
        tracing::error!(id = hook.id(), "the receiver of hooks answered 410: gone");
        HandlingOutcome::Refused { reason }
    } else {
        let not_before = answer.retry_after;
        match answer.status {
            429 | 502..=504 => HandlingOutcome::Away { reason, not_before },
            _ => HandlingOutcome::Later { reason, not_before },
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "an adapter reads the clock: the time is signed"
)]
fn now_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl fmt::Debug for HttpHandover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpHandover")
            .field("sender", &self.sender)
            .finish()
    }
}
