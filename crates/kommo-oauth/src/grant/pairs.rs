//! The pairs that a grant holds: the newest, and the spares, which are not proven dead yet.
//!
//! ```text
//!   refresh with #3        answer saved              late answer to #3 of another worker
//!   newest #3      ──────> newest #4           ────> newest #4
//!   spares #2              spares #3 (previous)      spares #3 #5
//! ```
//!
//! It is unknown which of two answers to one refresh token the platform honours, and whether the
//! old token died. So a pair stays until a later success shows that it is not needed, and every one
//! of them is tried before the user is asked.
//!
//! Source: rules K11, M8 of `docs/protocol.md`.

use alloc::vec::Vec;

use crate::grant::generation::{Generation, PairNumber};
use crate::token::TokenPair;

/// One pair, with the number by which attempts name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HeldPair {
    /// Its name within the grant.
    pub number: PairNumber,
    /// The generation in which it was added.
    pub since: Generation,
    /// Whether the platform has answered its refresh token with a proof of death.
    pub refused: bool,
    /// The tokens.
    pub pair: TokenPair,
}

/// All pairs of a grant, sealed or in use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pairs {
    newest: HeldPair,
    /// Oldest first.
    spares: Vec<HeldPair>,
    next_number: PairNumber,
    /// Whether the platform has answered 401 to the newest access token.
    access_rejected: bool,
    /// Whether the newest pair replaced one whose access token the platform had answered with 401.
    instead_of_rejected: bool,
}

impl Pairs {
    /// The first pair of a grant.
    pub(crate) fn first(pair: TokenPair, since: Generation) -> Self {
        let number = PairNumber::FIRST;
        Self {
            newest: HeldPair {
                number,
                since,
                refused: false,
                pair,
            },
            spares: Vec::new(),
            next_number: number.next(),
            access_rejected: false,
            instead_of_rejected: false,
        }
    }

    /// Numbers every pair after this generation.
    pub(crate) fn number_after(&mut self, last: Generation) {
        for held in self.spares.iter_mut().chain([&mut self.newest]) {
            held.number = held.number.after(last);
        }
        self.next_number = self.next_number.after(last);
    }

    /// Restores stored pairs. `None` if a number is repeated or was never assigned: such a record
    /// is damaged.
    pub(crate) fn from_parts(
        newest: HeldPair,
        spares: Vec<HeldPair>,
        next_number: PairNumber,
        access_rejected: bool,
        instead_of_rejected: bool,
    ) -> Option<Self> {
        let numbers = || spares.iter().chain([&newest]).map(|held| held.number);
        let is_twice =
            numbers().any(|number| numbers().filter(|other| *other == number).count() > 1);
        if is_twice || numbers().any(|number| number >= next_number) {
            return None;
        }
        Some(Self {
            newest,
            spares,
            next_number,
            access_rejected,
            instead_of_rejected,
        })
    }

    /// The newest pair.
    #[must_use]
    pub const fn newest(&self) -> &HeldPair {
        &self.newest
    }

    /// The others, oldest first.
    #[must_use]
    pub fn spares(&self) -> &[HeldPair] {
        &self.spares
    }

    /// Whether the platform has answered 401 to the newest access token.
    #[must_use]
    pub const fn access_rejected(&self) -> bool {
        self.access_rejected
    }

    /// Whether the newest pair replaced one whose access token the platform had answered with 401.
    #[must_use]
    pub const fn instead_of_rejected(&self) -> bool {
        self.instead_of_rejected
    }

    /// The newest pair came from a consent: earlier rejections do not concern it.
    pub(crate) const fn begin_anew(&mut self) {
        self.instead_of_rejected = false;
    }

    pub(crate) const fn next_number(&self) -> PairNumber {
        self.next_number
    }

    /// The pair with this number.
    #[must_use]
    pub fn find(&self, number: PairNumber) -> Option<&HeldPair> {
        self.all().find(|held| held.number == number)
    }

    /// Whether exactly these tokens are held already.
    pub(crate) fn holds(&self, pair: &TokenPair) -> bool {
        self.find_pair(pair).is_some()
    }

    /// The pair with exactly these tokens.
    pub(crate) fn find_pair(&self, pair: &TokenPair) -> Option<&HeldPair> {
        self.all().find(|held| {
            held.pair.refresh_token == pair.refresh_token
                && held.pair.access_token == pair.access_token
        })
    }

    /// The next pair to send: the newest, then the spares from the latest to the oldest, leaving
    /// out what was refused.
    #[must_use]
    pub fn candidate(&self) -> Option<&HeldPair> {
        core::iter::once(&self.newest)
            .chain(self.spares.iter().rev())
            .find(|held| !held.refused)
    }

    /// Whether a pair other than this one is left to send.
    pub(crate) fn has_candidate_beside(&self, number: PairNumber) -> bool {
        self.all()
            .any(|held| !held.refused && held.number != number)
    }

    fn all(&self) -> impl Iterator<Item = &HeldPair> {
        self.spares.iter().chain([&self.newest])
    }

    /// A refresh succeeded: its pair is the newest, the one before becomes a spare. Refused pairs
    /// are dropped, and those added before `proven`, the generation of the pair that has just
    /// worked.
    pub(crate) fn succeed(&mut self, pair: TokenPair, since: Generation, proven: Generation) {
        let newest = self.number(pair, since);
        let previous = core::mem::replace(&mut self.newest, newest);
        self.spares.push(previous);
        self.spares
            .retain(|spare| !spare.refused && spare.since >= proven);
        self.instead_of_rejected = core::mem::take(&mut self.access_rejected);
    }

    /// Keeps a pair that met the fence.
    pub(crate) fn add_spare(&mut self, pair: TokenPair, since: Generation) {
        let spare = self.number(pair, since);
        self.spares.push(spare);
    }

    pub(crate) fn refuse(&mut self, number: PairNumber) {
        for held in self.spares.iter_mut().chain([&mut self.newest]) {
            held.refused |= held.number == number;
        }
    }

    pub(crate) const fn reject_access(&mut self) {
        self.access_rejected = true;
    }

    fn number(&mut self, pair: TokenPair, since: Generation) -> HeldPair {
        let number = self.next_number;
        self.next_number = number.next();
        HeldPair {
            number,
            since,
            refused: false,
            pair,
        }
    }
}
