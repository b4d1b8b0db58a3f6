//! The flights of a keeper, counted, so that a program that ends can wait for them.

use tokio::sync::watch;

/// How many flights there are, and whether new ones may begin.
#[derive(Debug, Default)]
pub(super) struct Flights {
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    in_flight: usize,
    is_draining: bool,
}

impl Flights {
    /// Counts one more flight; `None` while draining.
    pub(super) fn enter(&self) -> Option<InFlight> {
        let is_counted = self.state.send_if_modified(|state| {
            state.in_flight += usize::from(!state.is_draining);
            !state.is_draining
        });
        is_counted.then(|| InFlight {
            state: self.state.clone(),
        })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.state.borrow().is_draining
    }

    /// Lets no new flight begin, and waits for those that have begun.
    pub(super) async fn drain(&self) {
        self.state.send_modify(|state| state.is_draining = true);
        // INVARIANT: the sender is a field of `self`, so the channel is open.
        let _ = self
            .state
            .subscribe()
            .wait_for(|state| state.in_flight == 0)
            .await;
    }
}

/// A flight that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    state: watch::Sender<State>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.state
            .send_modify(|state| state.in_flight = state.in_flight.saturating_sub(1));
    }
}
