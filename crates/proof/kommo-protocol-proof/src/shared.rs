//! A part of the world that most steps leave as it is: cloned by pointer, hashed once.

extern crate alloc;

use alloc::sync::Arc;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use std::sync::OnceLock;

use ahash::RandomState;

/// Fixed keys: a state has the same fingerprint in every run of the program.
const PRINTS: RandomState = RandomState::with_seeds(
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
);

/// A value with the fingerprint of it. Two of them are equal if their fingerprints are, as states
/// are for the model checker.
#[derive(Clone, Debug)]
pub(crate) struct Shared<T> {
    value: Arc<T>,
    print: OnceLock<u64>,
}

impl<T: Clone + Hash> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Arc::new(value),
            print: OnceLock::new(),
        }
    }

    /// Sixty-four bits of the value, the same in every run of the program.
    pub(crate) fn print(&self) -> u64 {
        *self.print.get_or_init(|| PRINTS.hash_one(&*self.value))
    }

    /// For a change.
    pub(crate) fn change(&mut self) -> &mut T {
        self.print = OnceLock::new();
        Arc::make_mut(&mut self.value)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Clone + Hash> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.print());
    }
}

impl<T: Clone + Hash> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.print() == other.print()
    }
}

impl<T: Clone + Hash> Eq for Shared<T> {}
