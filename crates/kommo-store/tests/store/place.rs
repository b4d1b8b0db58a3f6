//! A database of one test, whichever kind it is.

use kommo_store::{Backend, Store, StoreFault, StoreSettings};

/// The store of a place.
pub(crate) type StoreOf<P> = Store<<P as Place>::Database>;

pub(crate) trait Place: Sized + Send + Sync {
    type Database: Backend;

    /// Writes another version into the plain records of all codes.
    const NEWER_CODES: &str;

    /// `None` if the operator left this kind out.
    async fn make() -> Option<Self>;

    /// Opens the store, as another process would.
    fn open_with(
        &self,
        settings: StoreSettings,
    ) -> impl Future<Output = Result<Store<Self::Database>, StoreFault>> + Send;

    /// Does what a hand or a fault would do to the tables.
    async fn sql(&self, statement: &'static str);

    /// Where it is, for another process.
    fn address(&self) -> String;

    async fn open(&self) -> Store<Self::Database> {
        self.open_with(StoreSettings::new()).await.unwrap()
    }
}
