//! A database of one test, whichever kind it is.

use kommo_store::{Store, StoreFault, StoreSettings};

pub(crate) trait Place: Sized + Send + Sync {
    /// Writes another version into the plain records of all codes.
    const NEWER_CODES: &str;

    /// Writes another version into the plain records of all hooks.
    const NEWER_HOOKS: &str;

    /// `None` if the operator left this kind out.
    fn make() -> impl Future<Output = Option<Self>> + Send;

    /// Opens the store, as another process would.
    fn open_with(
        &self,
        settings: StoreSettings,
    ) -> impl Future<Output = Result<Store, StoreFault>> + Send {
        let address = self.address();
        async move { Store::open(&address, settings).await }
    }

    /// Does what a hand or a fault would do to the tables.
    fn sql(&self, statement: &str) -> impl Future<Output = ()> + Send;

    /// Where it is, for another process.
    fn address(&self) -> String;

    async fn open(&self) -> Store {
        self.open_with(StoreSettings::new()).await.unwrap()
    }
}
