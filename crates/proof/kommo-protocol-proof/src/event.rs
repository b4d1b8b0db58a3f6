//! The name under which a simulation counts an event: the kind of step, and the state that it
//! finds.

use core::hash::{Hash, Hasher};
use core::mem::discriminant;
use std::hash::DefaultHasher;

use kommo_oauth::refresh::Step;

use crate::action::Action;
use crate::world::World;

impl World {
    /// The name of a possible event: the worker's step, its outcome, the state of the record and
    /// whether it is the one that
    /// the run knows, whether the worker holds the lock, and what the others are doing.
    pub(crate) fn event(&self, action: Action) -> u64 {
        let mut hasher = DefaultHasher::new();
        discriminant(&action).hash(&mut hasher);
        let worker = match action {
            Action::Step(worker, fate) => {
                fate.hash(&mut hasher);
                Some(worker)
            }
            Action::Arrive(worker, answering) => {
                answering.hash(&mut hasher);
                Some(worker)
            }
            Action::Begin(worker, ask) => {
                discriminant(&ask).hash(&mut hasher);
                Some(worker)
            }
            Action::GiveUp(worker)
            | Action::LoseLock(worker)
            | Action::Leave(worker)
            | Action::Stop(worker)
            | Action::Crash { worker, .. } => Some(worker),
            _ => None,
        };
        if let Some(state) = self.state() {
            discriminant(state).hash(&mut hasher);
            let pairs = state.pairs();
            pairs
                .map(|pairs| pairs.spares().len().min(3))
                .hash(&mut hasher);
        }
        for (place, own) in self.workers.iter().enumerate() {
            let is_own = Some(place) == worker;
            let Some(run) = &own.run else { continue };
            let step = discriminant::<Step<'_>>(&run.protocol.poll());
            let stored = self.grant().map(|grant| grant.revision);
            let is_old = run.protocol.unsaved().is_some_and(|unsaved| {
                self.grant()
                    .is_some_and(|grant| unsaved.base < grant.generation)
            });
            if is_own {
                (step, own.standing, Some(run.revision) == stored).hash(&mut hasher);
                is_old.hash(&mut hasher);
            } else if run.recorded.is_some() || run.protocol.unsaved().is_some() {
                (step, own.standing, is_old).hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}
