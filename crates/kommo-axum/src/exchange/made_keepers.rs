//! The keepers of integrations that were made on the fly. They are built for what was proven, kept
//! for the next time, and bounded: a keeper has a store, a client and connection pools.

use alloc::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kommo_account::ClientId;
use kommo_keeper::{CodeStore, Keeper};
use kommo_oauth::integration::ClientSecret;
use sha2::{Digest, Sha256};

/// The most that are kept if the application does not say otherwise.
pub(crate) const KEEPERS_KEPT: usize = 256;

struct Kept<S> {
    keeper: Keeper<S>,
    secret: ClientSecret,
    used: u64,
}

/// Those that are kept; the longest unused is removed first.
pub(crate) struct MadeKeepers<S> {
    most: usize,
    kept: Mutex<Shelf<S>>,
}

struct Shelf<S> {
    keepers: BTreeMap<ClientId, Kept<S>>,
    uses: u64,
}

impl<S: CodeStore> MadeKeepers<S> {
    /// One at least.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            kept: Mutex::new(Shelf {
                keepers: BTreeMap::new(),
                uses: 0,
            }),
        }
    }

    /// The one that was built with this secret.
    pub(crate) fn get(&self, client_id: ClientId, secret: &ClientSecret) -> Option<Keeper<S>> {
        let mut shelf = self.shelf();
        shelf.uses = shelf.uses.wrapping_add(1);
        let uses = shelf.uses;
        let kept = shelf.keepers.get_mut(&client_id)?;
        if !is_same(&kept.secret, secret) {
            // It was removed by hand, and another came.
            shelf.keepers.remove(&client_id);
            return None;
        }
        kept.used = uses;
        Some(kept.keeper.clone())
    }

    /// The secret that it was built with. It does not count as a use.
    pub(crate) fn secret_of(&self, client_id: ClientId) -> Option<ClientSecret> {
        let shelf = self.shelf();
        Some(shelf.keepers.get(&client_id)?.secret.clone())
    }

    /// Keeps one; returns the one that was kept meanwhile, if there is one.
    pub(crate) fn keep(
        &self,
        client_id: ClientId,
        secret: &ClientSecret,
        keeper: Keeper<S>,
    ) -> Keeper<S> {
        if let Some(made) = self.get(client_id, secret) {
            return made;
        }
        let mut shelf = self.shelf();
        while shelf.keepers.len() >= self.most {
            let oldest = shelf.keepers.iter().min_by_key(|(_, kept)| kept.used);
            let Some(oldest) = oldest.map(|(client_id, _)| *client_id) else {
                break;
            };
            shelf.keepers.remove(&oldest);
        }
        let kept = Kept {
            keeper: keeper.clone(),
            secret: secret.clone(),
            used: shelf.uses,
        };
        shelf.keepers.insert(client_id, kept);
        keeper
    }

    /// Those that are kept.
    pub(crate) fn all(&self) -> Vec<Keeper<S>> {
        let shelf = self.shelf();
        shelf
            .keepers
            .values()
            .map(|kept| kept.keeper.clone())
            .collect()
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf<S>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By their digests: how many bytes are alike is not to be learnt by measuring time.
fn is_same(one: &ClientSecret, other: &ClientSecret) -> bool {
    let digest = |secret: &ClientSecret| Sha256::digest(secret.expose_secret());
    digest(one) == digest(other)
}
