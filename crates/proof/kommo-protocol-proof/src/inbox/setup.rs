//! What is checked, and within which bounds.

extern crate alloc;

use alloc::vec::Vec;

use crate::inbox::mistake::Mistake;

/// A hook: its number.
pub type HookId = u8;

/// What is checked, and how often what may go wrong.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The hooks that come to each receiver, in this order, each once.
    pub hooks: Vec<Vec<HookId>>,
    /// The conversation of each hook.
    pub conversations: Vec<u8>,
    /// How many workers there are.
    pub workers: usize,
    /// How many attempts begin at most.
    pub claims: u8,
    /// How many processes crash at most.
    pub crashes: u8,
    /// How often the database or a spool fails, or its answer is lost.
    pub faults: u8,
    /// How many hooks come once more.
    pub repeats: u8,
    /// How often a hook that failed is replayed.
    pub replays: u8,
    /// Whether hooks come beside a merge, and workers put back what they cannot read. It doubles
    /// the states.
    pub is_beside: bool,
    /// The hooks of an account that is erased once, by their bits. Then a merge reads before it
    /// puts, and a put whose answer was lost may be committed later.
    pub erased: u32,
    /// A mistake that is built in.
    pub mistake: Option<Mistake>,
}

impl Setup {
    /// Two receivers, two hooks of one conversation and one of another, two workers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hooks: vec![vec![0, 1], vec![2]],
            conversations: vec![0, 0, 1],
            workers: 2,
            claims: 3,
            crashes: 1,
            faults: 1,
            repeats: 0,
            replays: 0,
            is_beside: false,
            erased: 0,
            mistake: None,
        }
    }

    pub(crate) fn has(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}
