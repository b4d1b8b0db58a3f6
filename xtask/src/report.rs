//! What was done, what was left out, and how many tests passed.

use std::collections::BTreeMap;

use crate::shell::say;

/// Collects the end of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    passed: u64,
    failed: u64,
    steps: Vec<(&'static str, u64)>,
    seconds: Vec<(String, f64)>,
    missing: Vec<String>,
    not_to_be_had: Vec<String>,
}

impl Report {
    /// Counts tests.
    pub(crate) fn count(&mut self, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
    }

    /// The seconds that a step took.
    pub(crate) fn step(&mut self, name: &'static str, seconds: u64) {
        self.steps.push((name, seconds));
    }

    /// The seconds that the tests of each crate took.
    pub(crate) fn seconds(&mut self, by_crate: &BTreeMap<String, f64>) {
        let times = by_crate.iter().map(|(name, time)| (name.clone(), *time));
        self.seconds.extend(times);
    }

    /// Something that could have run, had the machine what it needs. `ci` fails on it.
    pub(crate) fn left_out(&mut self, what: &str) {
        self.missing.push(what.to_owned());
    }

    /// Something that no registry of this machine brings: named, and no failure.
    pub(crate) fn not_to_be_had(&mut self, what: &str) {
        self.not_to_be_had.push(what.to_owned());
    }

    /// Prints the end. Returns whether the run was complete enough.
    pub(crate) fn close(&mut self, strict: bool) -> bool {
        for (name, seconds) in &self.steps {
            say(&format!("step {name}: {seconds} s"));
        }
        self.seconds
            .sort_by(|(_, one), (_, other)| other.total_cmp(one));
        for (name, seconds) in self.seconds.iter().filter(|(_, seconds)| *seconds >= 0.5) {
            say(&format!("tests of {name}: {seconds:.1} s"));
        }
        for what in &self.missing {
            say(&format!("left out: {what}"));
        }
        for what in &self.not_to_be_had {
            say(&format!("not to be had here: {what}"));
        }
        if self.passed + self.failed > 0 {
            say(&format!(
                "left out: {} in all",
                self.missing.len() + self.not_to_be_had.len()
            ));
            say(&format!(
                "tests: {} passed, {} failed",
                self.passed, self.failed
            ));
        }
        self.failed == 0 && (!strict || self.missing.is_empty())
    }
}
