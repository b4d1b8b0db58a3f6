//! A connection of a pool that is used again only after its work has come to a good end.

use core::ops::{Deref, DerefMut};
use core::time::Duration;

use sqlx::Database;
use sqlx::pool::PoolConnection;
use tokio::time::timeout;

/// How long a connection that is returned to the pool may take to answer a ping; else it is
/// dropped.
const RETURN_WITHIN: Duration = Duration::from_secs(5);

/// A pooled connection. Dropped before [`sound`](Self::sound), after an error or a time limit, it
/// is closed, and its permit is free at once: the state of such a connection is unknown, and a pool
/// would wait for its answer.
pub(crate) struct Pooled<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Pooled<DB> {
    pub(crate) const fn new(connection: PoolConnection<DB>) -> Self {
        Self(Some(connection))
    }

    /// The work is done: the connection may be used again.
    pub(crate) fn sound(mut self) {
        if let Some(mut connection) = self.0.take() {
            tokio::spawn(timeout(RETURN_WITHIN, connection.return_to_pool()));
        }
    }
}

impl<DB: Database> Drop for Pooled<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// INVARIANT: only `sound` and `drop` take the connection out, and no method is called after
/// either.
impl<DB: Database> Deref for Pooled<DB> {
    type Target = DB::Connection;

    #[allow(clippy::expect_used, reason = "the invariant above")]
    fn deref(&self) -> &DB::Connection {
        self.0
            .as_ref()
            .expect("the connection is there until the end")
    }
}

impl<DB: Database> DerefMut for Pooled<DB> {
    #[allow(clippy::expect_used, reason = "the invariant above")]
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.0
            .as_mut()
            .expect("the connection is there until the end")
    }
}
