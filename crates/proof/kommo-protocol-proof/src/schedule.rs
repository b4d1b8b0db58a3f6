//! Random orders of events: many workers, several grants, the pauses of the real policy and a clock
//! that moves only by random choice. The same seed gives the same behaviour, to the last step.
//!
//! Half of the simulations are crowds: any worker takes any next step. The others are steered to
//! rare interleavings: a few workers at one grant; of two possible events the rarer one in this
//! simulation is taken; and every few dozen steps all runs are brought to their end and the result
//! is checked. Two events are the same if the kind of step and the state that it finds are.

extern crate alloc;

use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantState;
use kommo_oauth::refresh::RefreshPolicy;

use crate::action::{Action, Ask};
use crate::broken::Rule;
use crate::budget::Budget;
use crate::last_run::{Ending, end_of};
use crate::platform::PairId;
use crate::reading::Reading;
use crate::setup::{BEGINNING, Mutation, Noise, Setup};
use crate::world::World;

/// What a simulation did, so that a test can check that it did enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps of any kind.
    pub steps: u64,
    /// Runs of the protocol that began.
    pub runs: u64,
    /// Pairs that the platform issued.
    pub pairs: u64,
    /// Faults.
    pub faults: u64,
    /// Calls that were answered 401.
    pub rejected_calls: u64,
    /// New consents.
    pub consents: u64,
    /// Endings at which a grant was usable.
    pub active: u64,
    /// Endings at which a grant needed a consent.
    pub reauth_required: u64,
    /// Endings at which an account was erased.
    pub erased: u64,
}

impl Tally {
    /// Adds what another simulation did.
    pub const fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.runs += other.runs;
        self.pairs += other.pairs;
        self.faults += other.faults;
        self.rejected_calls += other.rejected_calls;
        self.consents += other.consents;
        self.active += other.active;
        self.reauth_required += other.reauth_required;
        self.erased += other.erased;
    }
}

/// SplitMix64: the same numbers for the same seed.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn place(&mut self, length: usize) -> usize {
        let end = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(end)).unwrap_or(0)
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let place = self.place(items.len());
        items.get(place).copied()
    }
}

/// What leads a simulation to rare interleavings.
#[derive(Debug)]
struct Steering {
    /// How often each event happened.
    met: HashMap<u64, u32>,
    /// A worker with a request under way, or a pair in memory, that pauses for a while.
    asleep: Option<usize>,
    /// The average number of steps between two endings.
    length: u64,
}

impl Steering {
    /// The rarer of two events.
    fn choose(&mut self, events: [(Action, u64); 2]) -> Action {
        let often = |print: u64| self.met.get(&print).copied().unwrap_or(0);
        let [one, other] = events;
        let (action, print) = if often(one.1) <= often(other.1) {
            one
        } else {
            other
        };
        *self.met.entry(print).or_insert(0) += 1;
        action
    }
}

/// One simulation: some grants on one platform, all under one clock.
#[derive(Debug)]
pub struct Schedule {
    dice: Dice,
    setup: Setup,
    grants: Vec<World>,
    now: UnixSeconds,
    /// How many of a thousand steps of a worker fail.
    faults_per_mille: u64,
    /// Of a simulation that is steered.
    steering: Option<Steering>,
    tally: Tally,
}

impl Schedule {
    /// A simulation that this seed names: how the platform works, how many workers and machines
    /// there are (1 to 64 workers over 1 to 4 grants), and how much goes wrong are drawn from it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_mistake(seed, Mutation::None)
    }

    /// The same with a mistake built in.
    #[must_use]
    pub fn with_mistake(seed: u64, mistake: Mutation) -> Self {
        let mut dice = Dice(seed);
        let is_steered = dice.one_in(2);
        // Under the strict reading most can be lost.
        let reading = dice
            .pick(&Reading::ALL)
            .filter(|_| !is_steered || dice.one_in(2));
        let mut setup = Setup::new(reading.unwrap_or(Reading::ALL[0]));
        setup.mutation = mistake;
        let grants = if is_steered { 1 } else { 1 + dice.place(4) };
        setup.workers = if is_steered {
            2 + dice.place(3)
        } else {
            1 + dice.place(64 / grants)
        };
        setup.machines = 1 + dice.place(3.min(setup.workers));
        setup.has_lifeboat = !dice.one_in(3);
        setup.has_api_domain = !dice.one_in(4);
        setup.noise = Noise::ALL.to_vec();
        setup.policy = RefreshPolicy::new();
        setup.counts_on = true;
        setup.budget = Budget::WITHOUT_END;
        let rates: &[u64] = if is_steered {
            &[30, 100, 300]
        } else {
            &[0, 3, 10, 30, 100, 300]
        };
        // Refusals and holds keep a grant from being refreshed, and so from most meetings.
        if is_steered && dice.one_in(2) {
            setup.noise.clear();
            setup.budget.stops = 0;
        }
        let faults_per_mille = dice.pick(rates).unwrap_or(0);
        let grants = (0..grants).map(|_| World::new(&setup)).collect();
        let steering = is_steered.then(|| Steering {
            met: HashMap::new(),
            asleep: None,
            length: dice.pick(&[40, 80, 160]).unwrap_or(40),
        });
        Self {
            dice,
            setup,
            grants,
            now: BEGINNING,
            faults_per_mille,
            steering,
            tally: Tally::default(),
        }
    }

    /// Runs this number of steps, and then brings every grant to its end.
    ///
    /// # Errors
    ///
    /// The rule that broke, and at which step.
    pub fn run(mut self, steps: u64) -> Result<Tally, (Rule, u64)> {
        for _ in 0..steps {
            self.tally.steps += 1;
            let place = self.dice.place(self.grants.len());
            match &self.steering {
                None => self.step(place),
                Some(steering)
                    if steering.asleep.is_none() && self.dice.one_in(steering.length) =>
                {
                    self.judge(place)?;
                }
                Some(_) => self.meet(place),
            }
            if let Some(rule) = self.grants.get(place).and_then(World::broken) {
                return Err((rule, self.tally.steps));
            }
        }
        self.end()
    }

    /// The rarer of two possible events.
    fn meet(&mut self, place: usize) {
        // A paused pair should be overtaken: first by a consent, and then by an event that may end
        // the grant.
        let late = self.late_pair(place);
        if self.dice.one_in(if late == Some(true) { 5 } else { 20 }) {
            self.pass_time();
        }
        let may_move = self.may_move() && self.dice.one_in(20);
        let (Some(grant), Some(steering)) = (self.grants.get_mut(place), &mut self.steering) else {
            return;
        };
        grant.now = self.now;
        let dice = &mut self.dice;
        let worker = dice.place(grant.workers.len());
        let (faults, consents, sleep) = match late {
            Some(true) => (150, 1_000, 300),
            Some(false) => (self.faults_per_mille, 10, 60),
            None => (self.faults_per_mille, 60, 60),
        };
        match steering.asleep {
            Some(_) if dice.one_in(sleep) => steering.asleep = None,
            None if dice.one_in(4) && grant.has_something(worker) => {
                steering.asleep = Some(worker);
            }
            _ => {}
        }
        let mut events = Vec::new();
        for worker in 0..grant.workers.len() {
            let is_asleep = steering.asleep == Some(worker);
            if dice.below(1_000) < faults {
                let mut bad = Vec::new();
                grant.bad_choices(&self.setup, worker, &mut bad);
                bad.retain(|action| !is_asleep || matches!(action, Action::LoseLock(_)));
                events.extend(bad);
            }
            if !is_asleep {
                let is_wished = late.is_some() || dice.one_in(2);
                let wish = if is_wished { Ask::Newer } else { ask(dice) };
                let begin = Action::Begin(worker, wish);
                events.push(grant.good_choice(worker).unwrap_or(begin));
            }
        }
        events.extend((0..grant.late.len()).map(Action::ArriveLate));
        events.extend(grant.seen.handed_out.iter().copied().map(Action::Call));
        if dice.one_in(consents) {
            events.push(Action::Consent);
        }
        if may_move {
            events.push(Action::Move);
        }
        let picked = dice.pick(&events).zip(dice.pick(&events));
        if let Some((one, other)) = picked {
            let named = |action| (action, grant.event(action));
            let action = steering.choose([named(one), named(other)]);
            self.act(place, action);
        }
    }

    /// Whether the paused worker has a pair that was overtaken.
    fn late_pair(&self, place: usize) -> Option<bool> {
        let worker = self.steering.as_ref()?.asleep?;
        self.grants.get(place)?.has_late_pair(worker)
    }

    /// Brings every run to its end, and checks how the grant would end.
    fn judge(&mut self, place: usize) -> Result<(), (Rule, u64)> {
        self.bring_to_rest(place);
        let Some(grant) = self.grants.get(place) else {
            return Ok(());
        };
        match end_of(&self.setup, grant) {
            Ending::Active => self.tally.active += 1,
            Ending::ReauthRequired => self.tally.reauth_required += 1,
            Ending::Erased => self.tally.erased += 1,
            Ending::Broken(rule) => return Err((rule, self.tally.steps)),
        }
        Ok(())
    }

    fn step(&mut self, place: usize) {
        if self.dice.one_in(100) {
            self.pass_time();
        }
        let may_move = self.may_move();
        let Some(grant) = self.grants.get_mut(place) else {
            return;
        };
        grant.now = self.now;
        let is_ended = matches!(grant.state(), Some(GrantState::ReauthRequired(_)));
        let action = match self.dice.below(1_000) {
            0..30 => return self.call(place),
            30..40 => (!grant.late.is_empty())
                .then(|| Action::ArriveLate(self.dice.place(grant.late.len()))),
            40 => may_move.then_some(Action::Move),
            41 => Some(Action::Consent).filter(|_| self.dice.one_in(5)),
            42..52 if is_ended => Some(Action::Consent),
            52 if self.faults_per_mille > 0 => {
                let newest = grant.newest();
                grant.platform.change().kill_access(newest);
                None
            }
            _ => None,
        };
        match action {
            Some(action) => self.act(place, action),
            None => self.work(place),
        }
    }

    /// An account whose tokens do not name a look-up host needs a person when its host changes.
    const fn may_move(&self) -> bool {
        self.faults_per_mille > 0 && self.setup.has_api_domain
    }

    fn act(&mut self, place: usize, action: Action) {
        match action {
            Action::Begin(..) => self.tally.runs += 1,
            Action::Consent => self.tally.consents += 1,
            _ => {}
        }
        if let Some(grant) = self.grants.get_mut(place) {
            let before = grant.left.faults;
            grant.act(&self.setup, action);
            self.tally.faults += u64::from(before - grant.left.faults);
        }
    }

    /// Mostly seconds, sometimes minutes, seldom hours.
    fn pass_time(&mut self) {
        let longest = match self.dice.below(100) {
            0..70 => 5,
            70..95 => 600,
            _ => 8 * 3_600,
        };
        let length = Duration::from_secs(self.dice.below(longest));
        self.now = self.now.plus(length);
    }

    /// One worker continues, or begins.
    fn work(&mut self, place: usize) {
        let Some(grant) = self.grants.get(place) else {
            return;
        };
        let worker = self.dice.place(grant.workers.len());
        let Some(good) = grant.good_choice(worker) else {
            let ask = ask(&mut self.dice);
            return self.act(place, Action::Begin(worker, ask));
        };
        let mut bad = Vec::new();
        if self.dice.below(1_000) < self.faults_per_mille {
            grant.bad_choices(&self.setup, worker, &mut bad);
        }
        let action = self.dice.pick(&bad).unwrap_or(good);
        self.act(place, action);
    }

    /// A caller uses the token that the store has; if it gets 401, a worker is asked for another.
    fn call(&mut self, place: usize) {
        let Some(grant) = self.grants.get_mut(place) else {
            return;
        };
        let usable = grant.grant().and_then(|grant| grant.usable(self.now));
        if usable.is_none() {
            return;
        }
        let id: PairId = grant.newest();
        grant.call(id);
        if grant.platform.serves(id) {
            return;
        }
        self.tally.rejected_calls += 1;
        let idle = grant.workers.iter().position(|worker| worker.run.is_none());
        if let Some(worker) = idle {
            self.act(place, Action::Begin(worker, Ask::InsteadOfRejected));
        }
    }

    /// No more faults.
    fn end(mut self) -> Result<Tally, (Rule, u64)> {
        for place in 0..self.grants.len() {
            self.judge(place)?;
            let given = self.grants.get(place).map(|grant| grant.platform.given());
            self.tally.pairs += u64::from(given.unwrap_or(0));
        }
        Ok(self.tally)
    }

    fn bring_to_rest(&mut self, place: usize) {
        const STEPS_AT_MOST: usize = 64 * 400;
        for _ in 0..STEPS_AT_MOST {
            let Some(grant) = self.grants.get(place) else {
                return;
            };
            let workers = 0..grant.workers.len();
            let Some(action) = workers
                .into_iter()
                .find_map(|worker| grant.good_choice(worker))
            else {
                return;
            };
            self.act(place, action);
        }
    }
}

fn ask(dice: &mut Dice) -> Ask {
    match dice.below(10) {
        0..3 => Ask::Newer,
        3 => Ask::ValidFor(60),
        4..6 => Ask::ValidFor(3_600 + dice.below(1_200)),
        6..8 => Ask::Due(3_600),
        _ => Ask::YoungerThan(20 * 3_600),
    }
}
