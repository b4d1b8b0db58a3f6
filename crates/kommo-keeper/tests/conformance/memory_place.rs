//! A store in memory with a clock that a test moves.

use core::time::Duration;

use kommo_keeper::testing::conformance::StoreFixture;
use kommo_keeper::testing::{MemoryStore, START, VirtualClock};
use kommo_oauth::grant::GrantKey;

pub(crate) struct MemoryPlace {
    pub(crate) store: MemoryStore,
    pub(crate) clock: VirtualClock,
}

impl MemoryPlace {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::standing_at(START);
        let store = MemoryStore::new(clock.clone());
        Self { store, clock }
    }

    pub(crate) fn events(&self, key: &GrantKey) -> u64 {
        let events = self.store.with(|state| {
            let of_key = state.history.iter().filter(|(other, _)| other == key);
            of_key.count()
        });
        events.try_into().unwrap()
    }
}

impl StoreFixture for MemoryPlace {
    type Store = MemoryStore;

    async fn create() -> Option<Self> {
        Some(Self::new())
    }

    async fn open(&self) -> MemoryStore {
        self.store.clone()
    }

    async fn pass_time(&self, length: Duration) {
        self.clock.advance(length);
    }

    async fn history_length(&self, key: &GrantKey) -> Option<u64> {
        Some(self.events(key))
    }
}
