//! Measures contestants side by side.
//!
//! Criterion measures one benchmark after the other, and a machine that is shared or changes its
//! frequency is 10 % slower a second later. Here the contestants take turns in slices of some
//! microseconds, in another order each round, and the median of each is taken over the same
//! seconds.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "the table is the result; every index is below the number of contestants"
)]

use core::fmt;
use std::time::Instant;

/// Rounds of a measurement.
pub const ROUNDS: usize = 4001;
const CALLS_A_SLICE: u32 = 16;

/// One contestant of a comparison.
pub struct Contestant<'a> {
    name: &'static str,
    call: Box<dyn Fn() + 'a>,
    goal: Option<f64>,
}

/// Names what is measured. `goal`: at most that many times the first of the comparison.
pub fn contestant<'a>(
    name: &'static str,
    goal: Option<f64>,
    call: impl Fn() + 'a,
) -> Contestant<'a> {
    Contestant {
        name,
        call: Box::new(call),
        goal,
    }
}

/// Measures all in turns; the first is the floor. Prints a line for each and returns whether every
/// goal was met.
#[must_use]
pub fn compare(id: &str, rounds: usize, contestants: &[Contestant<'_>]) -> bool {
    let mut slices: Vec<Vec<u128>> = contestants.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let who = (turn + round) % contestants.len();
            slices[who].push(slice(&contestants[who]));
        }
    }
    let medians: Vec<f64> = slices.iter_mut().map(|slices| median(slices)).collect();
    let mut met = true;
    for (contestant, nanoseconds) in contestants.iter().zip(&medians) {
        let ratio = nanoseconds / medians[0];
        let verdict = match contestant.goal {
            Some(goal) if ratio <= goal => format!("goal {goal:.2}: met"),
            Some(goal) => format!("goal {goal:.2}: MISSED"),
            None => String::new(),
        };
        met &= contestant.goal.is_none_or(|goal| ratio <= goal);
        println!(
            "{:<42}{nanoseconds:>10.1} ns{ratio:>8.3} x floor  {verdict}",
            format!("{id}/{}", contestant.name)
        );
    }
    met
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock; this is the one place"
)]
fn slice(contestant: &Contestant<'_>) -> u128 {
    let start = Instant::now();
    for _ in 0..CALLS_A_SLICE {
        (contestant.call)();
    }
    start.elapsed().as_nanos()
}

/// Nanoseconds a call.
fn median(slices: &mut [u128]) -> f64 {
    slices.sort_unstable();
    slices[slices.len() / 2] as f64 / f64::from(CALLS_A_SLICE)
}

impl fmt::Debug for Contestant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contestant")
            .field("name", &self.name)
            .field("goal", &self.goal)
            .finish_non_exhaustive()
    }
}
