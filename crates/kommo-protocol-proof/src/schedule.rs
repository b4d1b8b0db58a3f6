//! Random orders of events: many workers, several grants, the pauses of the real policy and a clock that only moves when the
//! dice say so. The same seed gives the same behaviour, to the last step.

extern crate alloc;

use alloc::vec::Vec;
use core::time::Duration;

use kommo_oauth::{GrantState, RefreshPolicy, UnixSeconds};

use crate::action::{Action, Ask};
use crate::broken::Rule;
use crate::budget::Budget;
use crate::last_run::{Ending, end_of};
use crate::pair_text::id_of_pair;
use crate::platform::PairId;
use crate::reading::Reading;
use crate::setup::{BEGINNING, Noise, Setup};
use crate::world::World;

/// What a simulation did, so that a test can say that it did something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps of any kind.
    pub steps: u64,
    /// Runs of the protocol that began.
    pub runs: u64,
    /// Pairs that the platform gave.
    pub pairs: u64,
    /// Things that went wrong.
    pub faults: u64,
    /// Calls that were answered 401.
    pub rejected_calls: u64,
    /// New consents.
    pub consents: u64,
    /// Grants that were living at the end.
    pub active: u64,
    /// Grants that needed a consent at the end.
    pub reauth_required: u64,
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

/// One simulation: some grants on one platform, all under one clock.
#[derive(Debug)]
pub struct Schedule {
    dice: Dice,
    setup: Setup,
    grants: Vec<World>,
    now: UnixSeconds,
    /// Of a thousand steps of a worker, so many go wrong.
    faults_per_mille: u64,
    tally: Tally,
}

impl Schedule {
    /// A simulation that this seed names: how the platform works, how many workers and machines there are (1 to 64 workers over
    /// 1 to 4 grants), and how much goes wrong are drawn from it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let reading = dice.pick(&Reading::ALL);
        let mut setup = Setup::new(reading.unwrap_or(Reading::ALL[0]));
        let grants = 1 + dice.place(4);
        setup.workers = 1 + dice.place(64 / grants);
        setup.machines = 1 + dice.place(3.min(setup.workers));
        setup.has_lifeboat = !dice.one_in(3);
        setup.has_api_domain = !dice.one_in(4);
        setup.noise = Noise::ALL.to_vec();
        setup.policy = RefreshPolicy::new();
        setup.counts_on = true;
        setup.budget = Budget::WITHOUT_END;
        let faults_per_mille = dice.pick(&[0, 3, 10, 30, 100, 300]).unwrap_or(0);
        let grants = (0..grants).map(|_| World::new(&setup)).collect();
        Self {
            dice,
            setup,
            grants,
            now: BEGINNING,
            faults_per_mille,
            tally: Tally::default(),
        }
    }

    /// So many steps, and then the end of every grant.
    ///
    /// # Errors
    ///
    /// The rule that broke, and at which step.
    pub fn run(mut self, steps: u64) -> Result<Tally, (Rule, u64)> {
        for _ in 0..steps {
            self.tally.steps += 1;
            let place = self.dice.place(self.grants.len());
            self.step(place);
            if let Some(rule) = self.grants.get(place).and_then(World::broken) {
                return Err((rule, self.tally.steps));
            }
        }
        self.end()
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
        let is_ended = matches!(grant.record.state, GrantState::ReauthRequired(_));
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

    /// An account whose tokens do not say where to look it up needs a person when it moves.
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

    /// One worker goes on, or begins.
    fn work(&mut self, place: usize) {
        let Some(grant) = self.grants.get(place) else {
            return;
        };
        let worker = self.dice.place(grant.workers.len());
        let Some(good) = grant.good_choice(worker) else {
            let ask = match self.dice.below(10) {
                0..3 => Ask::Newer,
                3 => Ask::ValidFor(60),
                4..6 => Ask::ValidFor(3_600 + self.dice.below(1_200)),
                6..8 => Ask::Due(3_600),
                _ => Ask::YoungerThan(20 * 3_600),
            };
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
        if grant.record.usable(self.now).is_none() {
            return;
        }
        let id: PairId = grant
            .record
            .state
            .pairs()
            .map_or(0, |pairs| id_of_pair(pairs.newest()));
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

    /// Nothing goes wrong any more.
    fn end(mut self) -> Result<Tally, (Rule, u64)> {
        let steps = self.tally.steps;
        for place in 0..self.grants.len() {
            self.bring_to_rest(place);
            let Some(grant) = self.grants.get(place) else {
                continue;
            };
            self.tally.pairs += u64::from(grant.platform.given());
            match end_of(&self.setup, grant) {
                Ending::Active => self.tally.active += 1,
                Ending::ReauthRequired => self.tally.reauth_required += 1,
                Ending::Broken(rule) => return Err((rule, steps)),
            }
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
