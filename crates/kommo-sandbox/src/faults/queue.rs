//! The faults on order, and which of them a request meets.
//!
//! A stale clock is a state of the server and applies besides any other; of the other kinds a
//! request meets the one that was ordered first. Faults that are used up are gone.

use crate::config::hook_kind::HookKind;
use crate::faults::fault::Fault;
use crate::faults::kind::FaultKind;
use crate::faults::surface::Surface;

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

    /// What the next hook of this kind meets; it stays on order until it is
    /// [spent](Self::spend_for_hook).
    pub(crate) fn for_hook(&self, hook: HookKind) -> Option<FaultKind> {
        let mut faults = self.0.iter();
        faults.find(|fault| fault.meets_hook(hook)).map(Fault::kind)
    }

    /// A hook of this kind met its fault.
    pub(crate) fn spend_for_hook(&mut self, hook: HookKind) {
        if let Some(at) = self.0.iter().position(|fault| fault.meets_hook(hook)) {
            self.take_at(at);
        }
    }

    fn take(&mut self, surface: Surface, wanted: impl Fn(FaultKind) -> bool) -> Option<Fault> {
        let meets = |fault: &Fault| {
            let possible = fault.kind().surfaces().contains(&surface);
            fault.surface() == surface && possible && wanted(fault.kind())
        };
        let at = self.0.iter().position(meets)?;
        self.take_at(at)
    }

    fn take_at(&mut self, at: usize) -> Option<Fault> {
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
