//! The two databases: their tables, their connections and locks, and the statements that both
//! understand. The kind of database is a value, hidden from the modules above.

mod schema;
mod pooled;
mod statements;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(feature = "postgres")]
pub(crate) mod url;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod either;
