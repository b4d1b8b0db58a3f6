//! The world of the inbox as the model checker sees it.

extern crate alloc;

use alloc::vec::Vec;

use kommo_hooks::inbox::EntryState;
use stateright::{Model, Property};

use crate::inbox::action::Action;
use crate::inbox::setup::Setup;
use crate::inbox::world::{Receiving, Working, World};

/// The property that no step breaks a rule.
pub const NO_RULE_BROKEN: &str = "no step breaks a rule";
/// The property that from every state, without further faults, what was answered 200 is handled.
pub const ENDS_WELL: &str = "without faults, what was answered 200 is handled or has failed";

/// A situation that a check must have reached: otherwise it proved less than it seems to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sight {
    /// Two workers have one entry.
    TwoAtOneEntry,
    /// A hook is in a spool and in the queue.
    InBoth,
    /// Two hooks are in a spool.
    TwoInSpool,
    /// A hook waits behind one that has an attempt.
    WaitsBehind,
    /// A receiver puts or spools what is in the queue already.
    KnownAgain,
    /// Everything is done.
    AllDone,
    /// A hook was read, and an erasure removed it before it was put.
    ReadAndErased,
}

/// Every behaviour of a setup within its bounds.
#[derive(Clone, Debug)]
pub struct InboxModel {
    /// What is checked.
    pub setup: Setup,
    /// The situations to reach.
    pub sights: Vec<Sight>,
}

impl Model for InboxModel {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.setup)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.broken().is_none() {
            world.choices(&self.setup, actions);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.act(&self.setup, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(NO_RULE_BROKEN, |_: &Self, world: &World| {
                world.broken().is_none()
            }),
            Property::always(ENDS_WELL, |model: &Self, world: &World| {
                world.broken().is_some() || world.end(&model.setup).is_none()
            }),
        ];
        properties.extend(self.sights.iter().copied().map(sight));
        properties
    }
}

fn sight(sight: Sight) -> Property<InboxModel> {
    match sight {
        Sight::TwoAtOneEntry => {
            Property::sometimes("two workers have one entry", |_, world: &World| {
                let entry = |working: &Option<Working>| match working {
                    Some(Working::Claimed { entry, .. } | Working::Ending { entry, .. }) => {
                        Some(*entry)
                    }
                    None => None,
                };
                let entries: Vec<_> = world.workers.iter().filter_map(entry).collect();
                let first = entries.first();
                entries.iter().skip(1).any(|other| Some(other) == first)
            })
        }
        Sight::InBoth => {
            Property::sometimes("a hook is in a spool and queued", |_, world: &World| {
                let mut spooled = world.receivers.iter().flat_map(|one| &one.spool);
                spooled.any(|hook| world.state_of(*hook).is_some())
            })
        }
        Sight::TwoInSpool => Property::sometimes("two hooks are in a spool", |_, world: &World| {
            world.receivers.iter().any(|one| one.spool.len() > 1)
        }),
        Sight::WaitsBehind => {
            Property::sometimes("one waits behind an attempt", |_, world: &World| {
                let entries = world.queue.entries();
                let behind = |state| state == EntryState::Behind;
                entries.iter().any(|entry| behind(entry.state))
                    && entries.iter().any(|entry| entry.lease.is_some())
            })
        }
        Sight::KnownAgain => {
            Property::sometimes("a queued hook comes again", |_, world: &World| {
                world.receivers.iter().any(|one| match one.doing {
                    Some(Receiving::Putting(hook) | Receiving::Spooling(hook)) => {
                        world.state_of(hook).is_some()
                    }
                    _ => false,
                })
            })
        }
        Sight::ReadAndErased => Property::sometimes("read, then erased", |_, world: &World| {
            let mut read = world
                .receivers
                .iter()
                .filter_map(|one| Some((one, one.read?)));
            read.any(|(one, hook)| !one.spool.contains(&hook))
        }),
        Sight::AllDone => {
            Property::sometimes("everything is done", |model: &InboxModel, world: &World| {
                let hooks = model.setup.hooks.iter().flatten();
                let mut states = hooks.map(|hook| world.state_of(*hook));
                states.all(|state| state == Some(EntryState::Done))
            })
        }
    }
}
