//! Counts allocations of this thread.

#![allow(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one hands every call on and counts it"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

std::thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counted.
#[derive(Debug)]
#[non_exhaustive]
pub struct Counting;

impl Counting {
    /// The one there is.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "made once, in a static")]
    pub const fn new() -> Self {
        Self
    }
}

/// How often this thread has allocated.
#[must_use]
pub fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more, and is not measured.
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as for this call.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as for this call.
        unsafe { System.dealloc(pointer, layout) }
    }
}
