//! How a grant ends without further faults: one worker per machine runs until there is an end.

use kommo_oauth::grant::GrantState;

use crate::action::Ask;
use crate::broken::Rule;
use crate::budget::Budget;
use crate::setup::{HOURS, Setup};
use crate::world::World;

const RUNS_PER_MACHINE: usize = 12;
const STEPS_PER_RUN: usize = 200;

/// How a grant ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With a pair that the platform has just issued.
    Active,
    /// With a request for a new consent, and no pair is left that the platform honours.
    ReauthRequired,
    /// With nothing: the account was erased.
    Erased,
    /// Otherwise.
    Broken(Rule),
}

/// Continues from a world in which no worker is at work.
#[must_use]
pub fn end_of(setup: &Setup, world: &World) -> Ending {
    let mut world = world.clone();
    world.late.clear();
    world.left = Budget::NONE;
    world.now = world.now.plus(HOURS);
    let living = |world: &World| {
        let known = world.known();
        known.into_iter().any(|id| world.platform.honours(id))
    };
    let had_living = living(&world);
    let machines = setup.machines.max(1);
    let mut in_vain = 0;
    for number in 0..machines * RUNS_PER_MACHINE {
        let before = world.newest();
        run_alone(setup, &mut world, number % machines);
        // The attempt of a worker that is gone may be waited for.
        world.now = world.now.plus(setup.policy.orphan_limit());
        if let Some(rule) = world.broken() {
            return Ending::Broken(rule);
        }
        let is_over = matches!(world.state(), Some(GrantState::ReauthRequired(_)));
        let is_active = matches!(world.state(), Some(GrantState::Active(_)));
        if world.grant().is_none() && number >= machines {
            return Ending::Erased;
        }
        in_vain = if is_over { in_vain + 1 } else { 0 };
        if in_vain > machines {
            return match (had_living, living(&world)) {
                (false, false) => Ending::ReauthRequired,
                _ => Ending::Broken(Rule::LivingPairNotFound),
            };
        }
        let is_new = world.newest() != before && world.platform.honours(world.newest());
        if is_active && is_new && number >= machines {
            return Ending::Active;
        }
    }
    Ending::Broken(Rule::NoEnd)
}

fn run_alone(setup: &Setup, world: &mut World, machine: usize) {
    let own = |worker: &crate::shared::Shared<crate::worker::Worker>| worker.machine == machine;
    let Some(worker) = world.workers.iter().position(own) else {
        return;
    };
    world.begin(setup, worker, Ask::Newer);
    for _ in 0..STEPS_PER_RUN {
        let Some(action) = world.good_choice(worker) else {
            return;
        };
        world.act(setup, action);
    }
    world.broke(Rule::NoEnd);
}
