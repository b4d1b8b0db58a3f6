//! The platform said 402 to a call: the account is not paid for. Nothing ends, and somebody is told.
//!
//! Source: rule M9 of `docs/protocol.md`.

use kommo_oauth::grant::HoldKind;

use crate::keeper::handle::GrantHandle;
use crate::ports::grant_store::GrantStore;
use crate::refresh::record_change::Changed;
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

impl<S: GrantStore> GrantHandle<S> {
    /// Notes a 402 on a call: lays a hold over the grant, for [`hold_length`](kommo_oauth::refresh::RefreshPolicy::hold_length), and raises one
    /// alarm. While the hold lasts nothing is refreshed, the token in use goes on being handed out, and further 402s change nothing. A
    /// refresh that succeeds afterwards lifts it.
    ///
    /// It returns at once: the hold is written beside, in a task that [`drain`](crate::Keeper::drain) waits for. A keeper that is
    /// draining notes nothing; the next 402 will tell.
    pub fn note_payment_required(&self) {
        let handle = self.clone();
        // Nobody waits for the end of the task: what there is to tell it tells itself.
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
            // Where others came first each time, the next 402 will tell.
            Ok(Changed::NotNeeded | Changed::Contended) => {}
            Err(error) => context.store_failed(Some(key), &error),
        }
    }
}
