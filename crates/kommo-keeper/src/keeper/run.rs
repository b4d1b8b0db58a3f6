//! One run of the refresh protocol, and what is remembered, counted and reported of it.

use alloc::sync::Arc;

use kommo_oauth::refresh::{MetBy, Outcome, TokenRequirement, Unmet};

use crate::cache::cached_token::CachedToken;
use crate::cache::grant_slot::{Deferral, GrantSlot};
use crate::keeper::Keeper;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::GrantStore;
use crate::refresh::driver::{RunReport, Start, run_protocol};
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

impl<S: GrantStore> Keeper<S> {
    /// Runs the protocol once, stores the token in memory, counts, and raises alarms.
    pub(crate) async fn run(&self, slot: &GrantSlot, want: TokenRequirement) -> Outcome {
        self.run_from(Start::Look, slot, want).await
    }

    pub(crate) async fn run_from(
        &self,
        start: Start,
        slot: &GrantSlot,
        want: TokenRequirement,
    ) -> Outcome {
        let context = self.context();
        let is_leaving = || self.is_draining();
        let holds_pair = |holds: bool| slot.note_unsaved(holds);
        let report = run_protocol(context, start, slot.key, want, is_leaving, holds_pair).await;
        let monotonic = context.clock.monotonic();
        let now = context.clock.now();
        self.note(&report, slot);
        let RunReport { outcome, .. } = report;
        let (usable, is_read, again_at) = match &outcome {
            Outcome::Met { token, .. } => (Some(token), true, None),
            Outcome::Unmet {
                usable,
                is_read,
                again_at,
                ..
            } => (usable.as_ref(), *is_read, Some(*again_at)),
            _ => (None, false, None),
        };
        match usable {
            Some(usable) => {
                let policy = &context.settings.policy;
                let usable = Arc::new(usable.clone());
                slot.put(CachedToken::new(
                    usable,
                    now,
                    monotonic,
                    policy,
                    context.random_u64(),
                ));
            }
            None if is_read => slot.forget(),
            // No record was read, so the token in memory stays.
            None => {}
        }
        if let (Some(rejected), Outcome::Unmet { why, again_at, .. }) =
            (want.newer_than.filter(|_| want.is_rejected), &outcome)
            && let (Unmet::Held(_), Some(again_at)) = (*why, *again_at)
        {
            slot.defer(Deferral {
                rejected,
                why: *why,
                again_at,
                until: monotonic.saturating_add(now.until(again_at)),
            });
        }
        slot.back_off_until(match again_at {
            None => monotonic,
            // A temporary failure: not before the protocol allows it, and never in a tight loop.
            Some(at) => {
                let pause = at.map_or(context.settings.wait_at_most, |at| now.until(at));
                monotonic.saturating_add(pause.max(context.settings.busy_pause))
            }
        });
        outcome
    }

    fn note(&self, report: &RunReport, slot: &GrantSlot) {
        let (context, key) = (self.context(), slot.key);
        let (why, again_at) = match &report.outcome {
            Outcome::Unmet { why, again_at, .. } => (why, again_at),
            Outcome::Met { token, by } => {
                slot.note_end(false);
                let known = slot.newest().map(|usable| usable.generation);
                let is_adopted = known.is_some_and(|known| token.generation > known);
                match by {
                    MetBy::Refresh => context.metrics.add(Counter::Refreshes),
                    _ if is_adopted => context.metrics.add(Counter::Adoptions),
                    _ => {}
                }
                return;
            }
            _ => return,
        };
        // The end of a grant is reported once, however often it is asked for afterwards.
        if slot.note_end(matches!(why, Unmet::ReauthRequired(_))) {
            return;
        }
        let (counter, alarm) = match *why {
            // It was reported by the run that caused it, in this process or another.
            Unmet::InDoubt(_) | Unmet::Held(_) | Unmet::Revoked if !report.is_news => return,
            Unmet::Busy => (Counter::Busy, None),
            Unmet::Unreachable => (Counter::Unreachable, None),
            Unmet::InDoubt(reason) => (Counter::Doubts, Some(AlarmKind::InDoubt(reason))),
            Unmet::Held(kind) => (
                Counter::Holds,
                Some(AlarmKind::Held {
                    kind,
                    until: *again_at,
                }),
            ),
            Unmet::Revoked => (Counter::Ends, Some(AlarmKind::Revoked)),
            Unmet::ReauthRequired(reason) => {
                (Counter::Ends, Some(AlarmKind::ReauthRequired(reason)))
            }
            _ => return,
        };
        context.metrics.add(counter);
        if let Some(alarm) = alarm {
            context.alarm(key, alarm);
        }
    }
}
