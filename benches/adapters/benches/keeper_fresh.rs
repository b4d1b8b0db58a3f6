//! What a caller pays for a token that is fresh: the guard out and back, with one task and with
//! eight.
//!
//! ```text
//! cargo bench -p kommo-bench-adapters --bench keeper_fresh
//! ```
//!
//! `keeper/fresh/1` is one thread, `keeper/fresh/8` eight at once on the same grant; both per
//! operation, in processor time of the thread that did it, so that eight threads on two cores are
//! not charged for waiting their turn. The floor is the monotonic clock read that freshness needs,
//! by one thread and by eight: two virtual cores may be one real one, and then eight threads are
//! slower than one at whatever they do, so that eight are judged by how much slower the floor is.
//! The naive twin is a mutex around a cloned token. All are measured in turn, again and again,
//! since a shared machine drifts; the medians are printed.
//!
//! Prints a table and fails (status 1) if a goal is missed. With `--test` it runs one round and
//! judges nothing but allocations.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark without its inputs must stop, and its table is its result"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

use core::hint::black_box;
use std::env;
use std::process::ExitCode;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use kommo_bench_adapters::{Counting, Handle, allocations, fresh_handle};
use kommo_keeper::{Clock, SystemClock};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

const GOAL_NANOSECONDS: f64 = 100.0;
const CALLS_A_SLICE: u32 = 20_000;
const SLICES: usize = 15;
const THREADS: usize = 8;

fn main() -> ExitCode {
    let is_trial = env::args().any(|argument| argument == "--test");
    let rounds = if is_trial { 1 } else { 25 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let handle = fresh_handle(&runtime);

    let before = allocations();
    for _ in 0..1_000 {
        black_box(handle.fresh().expect("a fresh token").access_token.expose());
    }
    let allocated = allocations() - before;
    println!("allocations of 1000 fresh tokens: {allocated}");

    let clock = SystemClock::new();
    let naive = Arc::new(Mutex::new(handle.fresh().expect("fresh").to_shared()));
    let read_clock = || {
        black_box(clock.monotonic());
    };
    let mut measured = Measured::default();
    for _ in 0..rounds {
        measured.floor.push(median(read_clock));
        measured.one.push(median(|| take(&handle)));
        measured.floor_of_eight.push(of_eight(read_clock));
        measured.eight.push(of_eight(|| take(&handle)));
        measured.clone.push(median(|| {
            let token = naive.lock().expect("no panic").as_ref().clone();
            black_box(token);
        }));
    }
    match measured.tell() || is_trial {
        true if allocated == 0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Nanoseconds per call, a figure for each round.
#[derive(Default)]
struct Measured {
    floor: Vec<f64>,
    one: Vec<f64>,
    floor_of_eight: Vec<f64>,
    eight: Vec<f64>,
    clone: Vec<f64>,
}

impl Measured {
    /// Prints the table; gives whether the goals are met.
    fn tell(self) -> bool {
        let (one, eight) = (middle(self.one), middle(self.eight));
        let (floor, floor_of_eight) = (middle(self.floor), middle(self.floor_of_eight));
        let clone = middle(self.clone);
        println!("{:<18} {:>9} {:>9} {:>9}", "id", "ns", "/ floor", "/ naive");
        for (id, nanoseconds, floor) in [
            ("keeper/fresh/1", one, floor),
            ("keeper/fresh/8", eight, floor_of_eight),
        ] {
            let (to_floor, to_naive) = (nanoseconds / floor, nanoseconds / clone);
            println!("{id:<18} {nanoseconds:>9.1} {to_floor:>9.2} {to_naive:>9.2}");
        }
        println!("floor (monotonic clock) {floor:.1} ns, by eight threads {floor_of_eight:.1} ns");
        println!("naive twin (mutex, clone) {clone:.1} ns");
        let (slower, floor_slower) = (eight / one, floor_of_eight / floor);
        println!("eight to one: {slower:.2}; of the floor {floor_slower:.2}");
        let is_met = one <= GOAL_NANOSECONDS && slower <= floor_slower.max(1.0) * 1.1;
        if !is_met {
            println!(
                "missed: at most {GOAL_NANOSECONDS} ns, no allocation, eight no slower than one (10 % for noise)"
            );
        }
        is_met
    }
}

fn take(handle: &Handle) {
    let token = handle.fresh().expect("a fresh token");
    black_box(token.access_token.expose());
}

fn middle(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured.get(measured.len() / 2).copied().expect("figures")
}

/// The median over slices of nanoseconds per call, in processor time of this thread.
fn median(call: impl Fn()) -> f64 {
    middle((0..SLICES).map(|_| slice(&call)).collect())
}

fn slice(call: &impl Fn()) -> f64 {
    let start = thread_nanoseconds();
    for _ in 0..CALLS_A_SLICE {
        call();
    }
    (thread_nanoseconds() - start) / f64::from(CALLS_A_SLICE)
}

/// Eight threads at the same; the median of their medians.
fn of_eight(call: impl Fn() + Sync) -> f64 {
    let barrier = Barrier::new(THREADS);
    let medians = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    median(&call)
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|median| median.expect("no panic")).collect()
    });
    middle(medians)
}

/// The processor time of this thread.
#[allow(
    clippy::cast_precision_loss,
    reason = "nanoseconds of one run fit a double"
)]
fn thread_nanoseconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}
