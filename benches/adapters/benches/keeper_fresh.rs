//! What a caller pays for a token that is fresh: the guard out and back, with one task and with eight.
//!
//! ```text
//! cargo bench -p kommo-bench-adapters --bench keeper_fresh
//! ```
//!
//! `keeper/fresh/1` is one thread, `keeper/fresh/8` eight at once on the same grant; both per operation, in processor time of the thread
//! that did it, so that eight threads on two cores are not charged for waiting their turn. The floor is the monotonic clock read that
//! freshness needs; the naive twin is a mutex around a cloned token. Prints a table and fails (status 1) if a goal is missed. With
//! `--test` it runs a few rounds and judges nothing but allocations.

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

fn main() -> ExitCode {
    let is_trial = env::args().any(|argument| argument == "--test");
    let slices = if is_trial { 3 } else { 201 };
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
    let floor = median(slices, || {
        black_box(clock.monotonic());
    });
    let one = median(slices, || take(&handle));
    let eight = of_eight(&handle, slices);
    let clone = median(slices, || {
        let token = naive.lock().expect("no panic").as_ref().clone();
        black_box(token);
    });
    println!("{:<18} {:>9} {:>9} {:>9}", "id", "ns", "/ floor", "/ naive");
    for (id, nanoseconds) in [("keeper/fresh/1", one), ("keeper/fresh/8", eight)] {
        let (to_floor, to_naive) = (nanoseconds / floor, nanoseconds / clone);
        println!("{id:<18} {nanoseconds:>9.1} {to_floor:>9.2} {to_naive:>9.2}");
    }
    println!("floor (monotonic clock) {floor:.1} ns, naive twin (mutex, clone) {clone:.1} ns");
    println!("eight to one: {:.2}", eight / one);
    let is_met = one <= GOAL_NANOSECONDS && eight <= one * 1.1;
    if allocated > 0 || (!is_trial && !is_met) {
        println!(
            "missed: at most {GOAL_NANOSECONDS} ns, no allocation, eight no slower than one (10 % for noise)"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn take(handle: &Handle) {
    let token = handle.fresh().expect("a fresh token");
    black_box(token.access_token.expose());
}

/// The median over slices of nanoseconds per call, in processor time of this thread.
fn median(slices: usize, call: impl Fn()) -> f64 {
    let mut measured: Vec<f64> = (0..slices).map(|_| slice(&call)).collect();
    measured.sort_by(f64::total_cmp);
    measured.get(slices / 2).copied().expect("slices")
}

fn slice(call: &impl Fn()) -> f64 {
    let start = thread_nanoseconds();
    for _ in 0..CALLS_A_SLICE {
        call();
    }
    (thread_nanoseconds() - start) / f64::from(CALLS_A_SLICE)
}

/// Eight threads at the same handle; the median of their medians.
fn of_eight(handle: &Handle, slices: usize) -> f64 {
    let barrier = Barrier::new(8);
    let mut medians: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    median(slices, || take(handle))
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|median| median.expect("no panic")).collect()
    });
    medians.sort_by(f64::total_cmp);
    medians.get(4).copied().expect("eight")
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
