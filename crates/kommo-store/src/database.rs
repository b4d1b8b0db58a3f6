//! The two databases: their tables, their connections and locks, and the statements that both
//! understand. Which one it is, is a value: nobody above knows.

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
