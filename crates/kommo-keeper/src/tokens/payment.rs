//! A call was answered 402: the account is not paid for. The grant is held, and an alarm is raised.
//!
//! Source: rule M9 of `docs/protocol.md`.

use kommo_oauth::grant::HoldKind;

use crate::keeper::handle::GrantHandle;
use crate::ports::grant_store::GrantStore;
use crate::refresh::record_change::Changed;
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

impl<S: GrantStore> GrantHandle<S> {
    /// Notes a 402 to a call: holds the grant for
    /// [`hold_length`](kommo_oauth::refresh::RefreshPolicy::hold_length), and raises one alarm.
    /// During the hold nothing is refreshed, the current token stays in use, and further 402s
    /// change nothing. A successful refresh afterwards lifts it.
    ///
    /// It returns at once: the hold is written in a task that [`drain`](crate::Keeper::drain) waits
    /// for. A draining keeper notes nothing; the next 402 will.
    pub fn note_payment_required(&self) {
        let handle = self.clone();
        // The task reports its own failures, so its end is not awaited.
        drop(
            self.keeper
                .spawn(async move { handle.hold_for_payment().await }),
        );
    }

    async fn hold_for_payment(self) {
        let (context, key) = (self.keeper.context(), self.slot.key);
        let length = context
            .settings
            .policy
            .hold_length(HoldKind::PaymentRequired);
        let changed = context.change(&key, |grant, now| grant?.require_payment(now, length));
        match changed.await {
            Ok(Changed::Written(_, now)) => {
                context.metrics.add(Counter::Holds);
                let (kind, until) = (HoldKind::PaymentRequired, Some(now.plus(length)));
                context.alarm(key, AlarmKind::Held { kind, until });
            }
            // If other writers were first each time, the next 402 writes the hold.
            Ok(Changed::NotNeeded | Changed::Contended) => {}
            Err(error) => context.store_failed(Some(key), &error),
        }
    }
}
