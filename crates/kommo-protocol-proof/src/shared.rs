//! A part of the world that most steps leave as it is: cloned by pointer, hashed once.

extern crate alloc;

use alloc::sync::Arc;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use std::hash::DefaultHasher;
use std::sync::OnceLock;

/// A value with the fingerprint of it. Two of them are equal if their fingerprints are, as states are for the model checker.
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
        *self.print.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.value.hash(&mut hasher);
            hasher.finish()
        })
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
