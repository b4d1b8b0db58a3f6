//! A million steps in random orders. A failure names its seed: `KOMMO_SIMULATION_SEED=… cargo test
//! -p kommo-protocol-proof --test simulation` repeats it alone. `KOMMO_SIMULATION_STEPS` sets how
//! many steps there are in all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking; what was done is printed"
)]

use kommo_protocol_proof::{Schedule, Tally};

const STEPS_PER_SEED: u64 = 5_000;
const FIRST_SEED: u64 = 20_260_101;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

fn run(seed: u64) -> Tally {
    Schedule::new(seed)
        .run(STEPS_PER_SEED)
        .unwrap_or_else(|(rule, step)| panic!("seed {seed}, step {step}: {rule:?}"))
}

#[test]
fn a_million_steps_in_random_orders_break_no_rule() {
    if let Some(seed) = number("KOMMO_SIMULATION_SEED") {
        println!("seed {seed}: {:?}", run(seed));
        return;
    }
    let steps = number("KOMMO_SIMULATION_STEPS").unwrap_or(1_000_000);
    let seeds = steps.div_ceil(STEPS_PER_SEED);
    let mut tally = Tally::default();
    for seed in FIRST_SEED..FIRST_SEED + seeds {
        tally.add(&run(seed));
    }
    println!(
        "seeds {FIRST_SEED} to {}: {tally:?}",
        FIRST_SEED + seeds - 1
    );
    assert!(tally.steps >= steps);
    assert!(tally.runs > steps / 100, "hardly any run began");
    assert!(tally.pairs > steps / 1_000, "hardly anything was refreshed");
    assert!(tally.faults > steps / 1_000, "hardly any fault happened");
    assert!(tally.rejected_calls > 0 && tally.consents > 0);
    assert!(tally.active > 0 && tally.reauth_required > 0);
}

#[test]
fn the_same_seed_gives_the_same_behaviour() {
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
