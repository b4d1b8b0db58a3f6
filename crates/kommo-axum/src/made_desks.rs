//! The keepers of integrations that were made on the fly, each with what exchanges its codes. They
//! are built for what was proven, kept for the next time, and bounded: a keeper has a store, a
//! client and pools behind it.

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use kommo_account::ClientId;
use kommo_oauth::ClientSecret;
use sha2::{Digest, Sha256};

use crate::exchanging::Exchanging;
use crate::grant_desk::{CodeLane, GrantDesk};

/// The most that are kept if the application does not say otherwise.
pub(crate) const DESKS_KEPT: usize = 256;

/// A keeper of one integration, and what exchanges its codes.
pub(crate) struct MadeDesk<K> {
    pub(crate) desk: K,
    pub(crate) exchanging: Exchanging<K>,
}

struct Kept<K> {
    made: MadeDesk<K>,
    secret: [u8; 32],
    used: u64,
}

/// Those that are kept; the longest unused goes first.
pub(crate) struct MadeDesks<K> {
    most: usize,
    kept: Mutex<Shelf<K>>,
}

struct Shelf<K> {
    desks: BTreeMap<ClientId, Kept<K>>,
    uses: u64,
}

impl<K: GrantDesk> MadeDesks<K> {
    /// One at least.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            kept: Mutex::new(Shelf {
                desks: BTreeMap::new(),
                uses: 0,
            }),
        }
    }

    /// The one that was built with this secret.
    pub(crate) fn get(&self, client_id: ClientId, secret: &ClientSecret) -> Option<MadeDesk<K>> {
        let mut shelf = self.shelf();
        shelf.uses = shelf.uses.wrapping_add(1);
        let uses = shelf.uses;
        let kept = shelf.desks.get_mut(&client_id)?;
        if kept.secret != digest(secret) {
            // It was removed by hand, and another came.
            shelf.desks.remove(&client_id);
            return None;
        }
        kept.used = uses;
        Some(kept.made.clone())
    }

    /// Keeps one; gives back the one that was kept meanwhile, if there is one.
    pub(crate) fn keep(&self, client_id: ClientId, secret: &ClientSecret, desk: K) -> MadeDesk<K> {
        if let Some(made) = self.get(client_id, secret) {
            return made;
        }
        let made = MadeDesk {
            // Install hooks are the application's own integration's.
            exchanging: Exchanging::new(desk.clone(), Duration::ZERO),
            desk,
        };
        let mut shelf = self.shelf();
        while shelf.desks.len() >= self.most {
            let oldest = shelf.desks.iter().min_by_key(|(_, kept)| kept.used);
            let Some(oldest) = oldest.map(|(client_id, _)| *client_id) else {
                break;
            };
            shelf.desks.remove(&oldest);
        }
        let kept = Kept {
            made: made.clone(),
            secret: digest(secret),
            used: shelf.uses,
        };
        shelf.desks.insert(client_id, kept);
        made
    }

    /// Has the waiting codes of those that are kept looked after.
    pub(crate) fn wake(&self) {
        for kept in self.shelf().desks.values() {
            kept.made.exchanging.wake(CodeLane::Consents);
        }
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf<K>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone> Clone for MadeDesk<K> {
    fn clone(&self) -> Self {
        Self {
            desk: self.desk.clone(),
            exchanging: self.exchanging.clone(),
        }
    }
}

fn digest(secret: &ClientSecret) -> [u8; 32] {
    Sha256::digest(secret.expose_secret()).into()
}
