//! Where the inboxes of a store have spools, so that an erasure reaches what waits there.

use alloc::sync::Arc;
use std::sync::Mutex;

use crate::error::{DatabaseFault, StoreFault};
use crate::records::rows::OfInbox;
use crate::spool::SpoolPlace;

use super::Store;

/// The spools of the inboxes of one [`Store`].
#[derive(Default)]
pub(super) struct Spools(Mutex<Vec<SpoolPlace>>);

impl Spools {
    fn of(&self, of: &OfInbox) -> Vec<SpoolPlace> {
        let places = self.0.lock();
        let places = places.unwrap_or_else(std::sync::PoisonError::into_inner);
        let own = places.iter().filter(|place| place.of == *of);
        own.cloned().collect()
    }
}

impl Store {
    pub(crate) fn add_spool(&self, place: &SpoolPlace) {
        let places = self.spools.0.lock();
        let mut places = places.unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_known =
            |known: &SpoolPlace| (&known.of, &known.directory) == (&place.of, &place.directory);
        if !places.iter().any(is_known) {
            places.push(place.clone());
        }
    }

    /// Erases the hooks of an account, in the spools and then in the database: so none that was in
    /// a spool comes to the database afterwards.
    pub(crate) async fn erase_hooks(&self, of: &OfInbox, account: &str) -> Result<u64, StoreFault> {
        let mut erased = 0;
        let account: Arc<str> = account.into();
        for place in self.spools.of(of) {
            let account = Arc::clone(&account);
            let erasing = move || place.open()?.erase(&account);
            let done = tokio::task::spawn_blocking(erasing).await;
            erased += done.map_err(|_| StoreFault::Database {
                doing: "erasing hooks of a spool",
                source: DatabaseFault::closed(),
            })??;
        }
        Ok(erased + self.database.erase_all_hooks(of, &account).await?)
    }
}
