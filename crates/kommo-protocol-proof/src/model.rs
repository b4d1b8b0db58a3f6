//! The world as the model checker sees it.

extern crate alloc;

use alloc::vec::Vec;

use kommo_oauth::{DoubtReason, GrantState};
use stateright::{Model, Property};

use crate::action::Action;
use crate::last_run::{Ending, end_of};
use crate::setup::Setup;
use crate::worker::Waiting;
use crate::world::World;

/// Something that a check is to have met on its way: else it proved less than it seems to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sight {
    /// A declared retry on its way.
    DeclaredRetry,
    /// A pair that met the fence, kept as a spare.
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
}

/// Every behaviour of a setup within its bounds.
#[derive(Clone, Debug)]
pub struct RefreshModel {
    /// What is checked.
    pub setup: Setup,
    /// What is to be met.
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
                world.record.state.pairs().is_some_and(|pairs| {
                    let newest = pairs.newest().number;
                    pairs.spares().iter().any(|spare| spare.number > newest)
                })
            })
        }
        Sight::ConsentRequired => {
            Property::sometimes("a new consent is needed", |_, world: &World| {
                matches!(world.record.state, GrantState::ReauthRequired(_))
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
            !world.record.holds.is_empty()
        }),
        Sight::MovedHost => Property::sometimes(
            "the new host is found",
            |model: &RefreshModel, world: &World| world.record.host == model.setup.elsewhere,
        ),
    }
}

fn doubt_of(world: &World) -> Option<DoubtReason> {
    let doubt = match &world.record.state {
        GrantState::Refreshing(refreshing) => refreshing.doubt,
        GrantState::InDoubt(in_doubt) => Some(in_doubt.doubt),
        _ => None,
    };
    doubt.map(|doubt| doubt.reason)
}
