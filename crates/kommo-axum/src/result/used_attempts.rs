//! Which attempts were used already in this process, and how they ended.
//!
//! ```text
//!   a redirect ── the first with its state ──> carried out ──┐
//!            └── with a state that was used ── the same? ────┴──> its end, for all of them
//! ```
//!
//! A browser may bring one redirect more than once: it fetched it ahead, the user stopped the first
//! visit or went back, two tabs were restored. All of them get the end of the first, and those that
//! come while it is under way wait for it.
//!
//! It is also the first of three fences against a second use, and the only one in memory: the store
//! takes no code twice, for all processes together, and the platform exchanges none twice.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::UnixSeconds;
use tokio::sync::watch;

use crate::application::redirect_to::RedirectTo;
use crate::consent::redirect_digest::RedirectDigest;
use crate::consent::sealed_attempt::StateDigest;
use crate::pages::consent_outcome::ConsentOutcome;

/// The most attempts that are remembered; then the one that ends first is forgotten first. An
/// attempt that is forgotten is used once more at most, by the browser that began it.
const REMEMBERED_MAX: usize = 16_384;

/// How an attempt ended, for the browser that began it.
#[derive(Clone, Debug)]
pub(crate) struct AttemptEnd {
    pub(crate) outcome: ConsentOutcome,
    /// Where the browser is sent instead of our page.
    pub(crate) sent_to: Option<RedirectTo>,
}

type Told = Option<Arc<AttemptEnd>>;

/// Reports to all visits how the attempt ended.
#[derive(Debug)]
pub(crate) struct EndTeller(watch::Sender<Told>);

impl EndTeller {
    pub(crate) fn tell(self, end: AttemptEnd) {
        self.0.send_replace(Some(Arc::new(end)));
    }
}

/// Waits for the end of an attempt.
#[derive(Debug)]
pub(crate) struct EndAwaited(watch::Receiver<Told>);

impl EndAwaited {
    /// `None` if it will not be reported: the task that carried the attempt out has ended.
    pub(crate) async fn end(mut self) -> Option<Arc<AttemptEnd>> {
        let told = self.0.wait_for(Option::is_some).await.ok()?;
        told.clone()
    }
}

/// What this visit must do.
pub(crate) enum Turn {
    /// The first visit of this attempt: carry it out, and report the end.
    First(EndTeller, EndAwaited),
    /// The same redirect came before.
    Again(EndAwaited),
    /// The attempt was used by another redirect.
    Other(EndAwaited),
}

struct Used {
    redirect: RedirectDigest,
    end: watch::Receiver<Told>,
}

/// Used attempts, by their end.
#[derive(Default)]
pub(crate) struct UsedAttempts(Mutex<BTreeMap<(UnixSeconds, StateDigest), Used>>);

impl UsedAttempts {
    /// Takes an attempt for a redirect.
    pub(crate) fn enter(
        &self,
        state: StateDigest,
        ends_at: UnixSeconds,
        redirect: RedirectDigest,
        now: UnixSeconds,
    ) -> Turn {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = used.get(&(ends_at, state)) {
            let awaited = EndAwaited(earlier.end.clone());
            return match earlier.redirect == redirect {
                true => Turn::Again(awaited),
                false => Turn::Other(awaited),
            };
        }
        let is_over = |(ends_at, _): &(UnixSeconds, StateDigest)| *ends_at < now;
        while used.len() >= REMEMBERED_MAX
            || used.first_key_value().is_some_and(|(key, _)| is_over(key))
        {
            used.pop_first();
        }
        let (tell, end) = watch::channel(None);
        let awaited = EndAwaited(end.clone());
        used.insert((ends_at, state), Used { redirect, end });
        Turn::First(EndTeller(tell), awaited)
    }
}
