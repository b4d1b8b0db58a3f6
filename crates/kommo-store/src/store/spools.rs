//! Where the inboxes of a store have spools, so that an erasure reaches what waits there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::records::rows::OfInbox;
use crate::spool::SpoolPlace;

/// The spools of the inboxes of one store.
#[derive(Default)]
pub(super) struct Spools(Mutex<Vec<SpoolPlace>>);

impl Spools {
    pub(super) fn of(&self, of: &OfInbox) -> Vec<SpoolPlace> {
        let places = self.places();
        let own = places.iter().filter(|place| place.of == *of);
        own.cloned().collect()
    }

    /// Every inbox that has a spool.
    pub(super) fn all(&self) -> Vec<OfInbox> {
        self.places().iter().map(|place| place.of.clone()).collect()
    }

    pub(super) fn add(&self, place: &SpoolPlace) {
        let is_known =
            |known: &SpoolPlace| (&known.of, &known.directory) == (&place.of, &place.directory);
        let mut places = self.places();
        if !places.iter().any(is_known) {
            places.push(place.clone());
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<SpoolPlace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
