//! Replays what the fuzzer starts from and what it once found, without the fuzzer.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect, in its helpers too"
)]
#![cfg(feature = "seeds")]

use std::fs;
use std::path::Path;

use kommo_fuzz_laws::{LAWS, Law, seeds};

/// Runs a law and names the input if it is broken.
#[track_caller]
fn holds(target: &str, name: &str, law: Law, input: &[u8]) {
    let outcome = std::panic::catch_unwind(|| law(input));
    assert!(
        outcome.is_ok(),
        "{target}, input {name}: {}",
        input.escape_ascii()
    );
}

#[test]
fn every_law_holds_on_every_seed() {
    for (target, law) in LAWS {
        let seeds = seeds(target);
        assert!(seeds.len() >= 30, "{target} has {} seeds", seeds.len());
        for (name, input) in seeds {
            holds(target, &name, law, &input);
        }
    }
}

#[test]
fn every_law_holds_on_every_saved_input() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/saved"));
    for entry in fs::read_dir(root).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let target = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let law = LAWS.iter().find(|(name, _)| *name == target);
        let (_, law) = law.unwrap_or_else(|| panic!("saved/{target} belongs to no target"));
        for input in fs::read_dir(&folder).unwrap() {
            let path = input.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            holds(&target, &name, *law, &fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_law_has_a_fuzz_target_and_the_reverse() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz_targets"));
    let mut targets: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    targets.sort();
    assert_eq!(targets, LAWS.map(|(name, _)| name));
}

/// Marsaglia's xorshift: the same numbers in every run.
struct XorShift(u64);

impl XorShift {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }

    /// Replaces, removes, inserts or repeats a few bytes of a seed; one time in eight, all of it is
    /// noise.
    fn changed(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut input = seed.to_vec();
        if self.below(8) == 0 {
            return (0..self.below(200)).map(|_| self.byte()).collect();
        }
        for _ in 0..=self.below(4) {
            let at = self.below(input.len());
            let byte = self.byte();
            match self.below(4) {
                0 if !input.is_empty() => input[at] = byte,
                1 if !input.is_empty() => drop(input.remove(at)),
                2 => input.insert(at, byte),
                _ => input.extend_from_within(at..(at + self.below(9)).min(input.len())),
            }
        }
        input
    }

    /// Half of them from an alphabet that parsers care for.
    fn byte(&mut self) -> u8 {
        const ALPHABET: &[u8] = b"0123456789abcdefABCDEF/.%?#&=:-+ ,\n\r\xff\\@";
        if self.below(2) == 0 {
            ALPHABET[self.below(ALPHABET.len())]
        } else {
            u8::try_from(self.below(256)).unwrap()
        }
    }
}

#[test]
fn every_law_holds_on_thousands_of_changed_seeds() {
    for (target, law) in LAWS {
        let seeds = seeds(target);
        let mut random = XorShift(0x9e37_79b9_7f4a_7c15);
        // An explanation computes up to thousands of MACs; a batch is signed at every level, in
        // code that is slow without optimisation.
        let inputs = match target {
            "explain" => 500,
            "bulk_batch" => 300,
            _ => 5000,
        };
        for number in 0..inputs {
            let (name, seed) = &seeds[random.below(seeds.len())];
            let input = random.changed(seed);
            holds(target, &format!("{number}, from {name}"), law, &input);
        }
    }
}
