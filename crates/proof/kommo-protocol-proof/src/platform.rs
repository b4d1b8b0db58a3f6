//! The platform, as far as a grant is concerned: which refresh tokens and access tokens it honours.

extern crate alloc;

use alloc::vec::Vec;

use kommo_account::AccountHost;

use crate::reading::{Reading, Rotation, Siblings};

/// Names a pair: how many the platform had given before it.
pub type PairId = u32;

/// A pair that the platform gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Issued {
    /// The pair whose refresh token brought it; none for a consent.
    pub(crate) parent: Option<PairId>,
    /// The last pair that its refresh token brought.
    latest_child: Option<PairId>,
    is_refresh_live: bool,
    is_access_live: bool,
}

/// Everything that the platform gave for one grant, and where the account lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Platform {
    reading: Reading,
    pub(crate) host: AccountHost,
    issued: Vec<Issued>,
}

impl Platform {
    pub(crate) const fn new(reading: Reading, host: AccountHost) -> Self {
        Self {
            reading,
            host,
            issued: Vec::new(),
        }
    }

    pub(crate) fn consent(&mut self) -> PairId {
        self.issue(None)
    }

    fn issue(&mut self, parent: Option<PairId>) -> PairId {
        let id = PairId::try_from(self.issued.len()).unwrap_or(PairId::MAX);
        self.issued.push(Issued {
            parent,
            latest_child: None,
            is_refresh_live: true,
            is_access_live: true,
        });
        id
    }

    fn get(&self, id: PairId) -> Option<&Issued> {
        self.issued.get(usize::try_from(id).ok()?)
    }

    fn get_mut(&mut self, id: PairId) -> Option<&mut Issued> {
        self.issued.get_mut(usize::try_from(id).ok()?)
    }

    pub(crate) fn parent(&self, id: PairId) -> Option<PairId> {
        self.get(id)?.parent
    }

    /// The consent that a pair goes back to.
    pub(crate) fn root(&self, id: PairId) -> PairId {
        let mut root = id;
        while let Some(parent) = self.parent(root) {
            root = parent;
        }
        root
    }

    /// Whether the refresh token of this pair would bring a new one.
    pub(crate) fn honours(&self, id: PairId) -> bool {
        self.get(id).is_some_and(|issued| issued.is_refresh_live)
    }

    /// Whether a call with the access token of this pair would be answered.
    pub(crate) fn serves(&self, id: PairId) -> bool {
        self.get(id).is_some_and(|issued| issued.is_access_live)
    }

    /// Whether a call with the access token of this pair would kill a refresh token.
    pub(crate) fn use_matters(&self, id: PairId) -> bool {
        let parent = self.parent(id);
        self.reading.rotation == Rotation::UntilAccessUsed
            && self.serves(id)
            && parent.is_some_and(|parent| self.honours(parent))
    }

    /// How many pairs it gave.
    pub(crate) fn given(&self) -> u32 {
        u32::try_from(self.issued.len()).unwrap_or(u32::MAX)
    }

    /// A refresh: the new pair, or `None` for "Token has been revoked".
    pub(crate) fn refresh(&mut self, used: PairId) -> Option<PairId> {
        if !self.honours(used) {
            return None;
        }
        if let Some(parent) = self.parent(used) {
            self.kill_refresh(parent);
        }
        let older = self.get(used).and_then(|issued| issued.latest_child);
        if let (Some(older), Siblings::NewerKillsOlder) = (older, self.reading.siblings) {
            self.kill_refresh(older);
            self.kill_access(older);
        }
        let new = self.issue(Some(used));
        let is_strict = self.reading.rotation == Rotation::Strict;
        if let Some(issued) = self.get_mut(used) {
            issued.latest_child = Some(new);
            issued.is_refresh_live &= !is_strict;
            issued.is_access_live &= !is_strict;
        }
        Some(new)
    }

    /// A call with the access token of this pair; `false` for 401.
    pub(crate) fn call(&mut self, id: PairId) -> bool {
        if self.use_matters(id) {
            let parent = self.parent(id);
            parent
                .into_iter()
                .for_each(|parent| self.kill_refresh(parent));
        }
        self.serves(id)
    }

    pub(crate) fn kill_access(&mut self, id: PairId) {
        if let Some(issued) = self.get_mut(id) {
            issued.is_access_live = false;
        }
    }

    fn kill_refresh(&mut self, id: PairId) {
        if let Some(issued) = self.get_mut(id) {
            issued.is_refresh_live = false;
        }
    }
}
