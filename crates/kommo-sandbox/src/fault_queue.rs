//! The faults on order, and which of them a request meets.
//!
//! A stale clock is a state of the server and lies under everything else; of the other kinds a request meets the one
//! that was ordered first. Faults that are used up are gone.

use crate::fault::Fault;
use crate::fault_kind::FaultKind;
use crate::fault_surface::Surface;

#[derive(Debug, Default)]
pub(crate) struct FaultQueue(Vec<Fault>);

/// What one request meets.
#[derive(Debug, Default)]
pub(crate) struct MetFaults {
    /// Seconds by which the server's clock is off; `None` without a stale clock.
    pub(crate) skew_seconds: Option<i64>,
    pub(crate) fault: Option<Fault>,
}

impl FaultQueue {
    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.times != Some(0) {
            self.0.push(fault);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn on_order(&self) -> &[Fault] {
        &self.0
    }

    /// Takes what the next request to `surface` meets.
    pub(crate) fn meet(&mut self, surface: Surface) -> MetFaults {
        MetFaults {
            skew_seconds: self
                .take(surface, |kind| kind == FaultKind::StaleClock)
                .map(|fault| fault.seconds),
            fault: self.take(surface, |kind| kind != FaultKind::StaleClock),
        }
    }

    fn take(&mut self, surface: Surface, wanted: impl Fn(FaultKind) -> bool) -> Option<Fault> {
        let meets = |fault: &Fault| {
            let possible = fault.kind().surfaces().contains(&surface);
            fault.surface() == surface && possible && wanted(fault.kind())
        };
        let at = self.0.iter().position(meets)?;
        let fault = self.0.get_mut(at)?;
        match &mut fault.times {
            None => Some(fault.clone()),
            Some(0 | 1) => Some(self.0.remove(at)),
            Some(times) => {
                *times -= 1;
                Some(fault.clone())
            }
        }
    }
}
