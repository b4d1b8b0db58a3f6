//! The world as the model checker sees it.

extern crate alloc;

use alloc::vec::Vec;

use kommo_oauth::grant::{DoubtReason, GrantState, UnsavedPair};
use stateright::{Model, Property};

use crate::action::Action;
use crate::last_run::{Ending, end_of};
use crate::setup::{BEGINNING, Setup};
use crate::worker::{Standing, Waiting};
use crate::world::World;

/// A situation that a check must have reached: otherwise it proved less than it seems to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sight {
    /// A declared retry under way.
    DeclaredRetry,
    /// A pair that came too late (the fence), kept as a spare.
    LateSpare,
    /// A grant that needs a new consent.
    ConsentRequired,
    /// A pair in a lifeboat.
    LifeboatInUse,
    /// The retry of an attempt whose worker is gone.
    HolderDied,
    /// A pair that was refused, with others left to try.
    SpareTried,
    /// A hold.
    Hold,
    /// The account at its new host.
    MovedHost,
    /// A grant that needs a new consent, while a pair of an earlier generation is still under way.
    LateForEnded,
    /// A lock that was dropped since the store failed, with another holder beside it.
    DroppedLock,
    /// A pair in memory or in a lifeboat whose record was erased.
    PairOfErased,
    /// A run of a process that is stopped as a whole.
    Stopped,
    /// Hours that pass during a run.
    TimePassed,
}

/// Every behaviour of a setup within its bounds.
#[derive(Clone, Debug)]
pub struct RefreshModel {
    /// What is checked.
    pub setup: Setup,
    /// The situations to reach.
    pub sights: Vec<Sight>,
}

/// The property that no step breaks a rule.
pub const NO_RULE_BROKEN: &str = "no step breaks a rule";
/// The property of the terminal states.
pub const ENDS_WELL: &str =
    "at rest it comes to Active, or to ReauthRequired with no living pair known";

impl Model for RefreshModel {
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
        // Workers of one machine are alike: worlds that differ in their order are one.
        next.workers
            .sort_by_cached_key(|worker| (worker.machine, worker.print()));
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(NO_RULE_BROKEN, |_: &Self, world: &World| {
                world.broken().is_none()
            }),
            Property::always(ENDS_WELL, |model: &Self, world: &World| {
                !world.is_at_rest() || !matches!(end_of(&model.setup, world), Ending::Broken(_))
            }),
        ];
        properties.extend(self.sights.iter().copied().map(sight));
        properties
    }
}

fn sight(sight: Sight) -> Property<RefreshModel> {
    match sight {
        Sight::DeclaredRetry => Property::sometimes("a retry is declared", |_, world: &World| {
            let runs = world
                .workers
                .iter()
                .filter_map(|worker| worker.run.as_ref());
            runs.filter(|run| matches!(run.waiting, Waiting::Sent(_)))
                .any(|run| run.recorded.is_some_and(|recorded| recorded.is_declared))
        }),
        Sight::LateSpare => {
            Property::sometimes("a late pair is kept as a spare", |_, world: &World| {
                world
                    .state()
                    .and_then(GrantState::pairs)
                    .is_some_and(|pairs| {
                        let newest = pairs.newest().number;
                        pairs.spares().iter().any(|spare| spare.number > newest)
                    })
            })
        }
        Sight::ConsentRequired => {
            Property::sometimes("a new consent is needed", |_, world: &World| {
                matches!(world.state(), Some(GrantState::ReauthRequired(_)))
            })
        }
        Sight::LifeboatInUse => Property::sometimes("a lifeboat is in use", |_, world: &World| {
            world.lifeboats.iter().any(|boat| !boat.is_empty())
        }),
        Sight::HolderDied => {
            Property::sometimes("a dead holder is taken over", |_, world: &World| {
                doubt_of(world) == Some(DoubtReason::HolderDied)
            })
        }
        Sight::SpareTried => Property::sometimes("a spare is tried", |_, world: &World| {
            doubt_of(world) == Some(DoubtReason::PairRefused)
        }),
        Sight::Hold => Property::sometimes("a hold is laid", |_, world: &World| {
            world.grant().is_some_and(|grant| !grant.holds.is_empty())
        }),
        Sight::MovedHost => Property::sometimes(
            "the new host is found",
            |model: &RefreshModel, world: &World| {
                let host = world.grant().map(|grant| grant.host);
                host == Some(model.setup.elsewhere)
            },
        ),
        Sight::LateForEnded => {
            Property::sometimes("a late pair finds an ended grant", |_, world: &World| {
                let is_late = |unsaved: &UnsavedPair| {
                    world
                        .grant()
                        .is_some_and(|grant| unsaved.base < grant.generation)
                };
                matches!(world.state(), Some(GrantState::ReauthRequired(_)))
                    && world.unsaved().any(is_late)
            })
        }
        Sight::DroppedLock => {
            Property::sometimes("a dropped lock has a new holder", |_, world: &World| {
                let has = |standing| world.workers.iter().any(|own| own.standing == standing);
                has(Standing::Dropped) && has(Standing::Holds)
            })
        }
        Sight::PairOfErased => {
            Property::sometimes("a pair finds its record erased", |_, world: &World| {
                world.grant().is_none() && world.unsaved().next().is_some()
            })
        }
        Sight::Stopped => Property::sometimes("a process is stopped", |_, world: &World| {
            let mut runs = world.workers.iter().filter_map(|own| own.run.as_ref());
            runs.any(|run| run.stopped_by.is_some())
        }),
        Sight::TimePassed => Property::sometimes("hours pass", |_, world: &World| {
            world.now > BEGINNING && !world.is_at_rest()
        }),
    }
}

fn doubt_of(world: &World) -> Option<DoubtReason> {
    let doubt = match world.state()? {
        GrantState::Refreshing(refreshing) => refreshing.doubt,
        GrantState::InDoubt(in_doubt) => Some(in_doubt.doubt),
        _ => None,
    };
    doubt.map(|doubt| doubt.reason)
}
