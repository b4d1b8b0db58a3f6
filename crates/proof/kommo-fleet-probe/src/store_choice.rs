//! Which database a drive runs on.

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection, PgConnection, query};

use crate::failure::{Result, failure};

/// A database server, or none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreChoice {
    /// A file of the drive's own.
    Sqlite,
    /// A database of the drive's own at this server.
    Postgres {
        /// A database of the server, whose user may make others.
        url: String,
    },
}

/// How the workers' store keeps its locks.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LockChoice {
    /// As it does.
    #[default]
    AsItIs,
    /// A mistake on purpose: every worker that asks gets the lock.
    AlwaysGranted,
}

/// Makes a database and returns its URL.
pub(crate) async fn new_database(url: &str) -> Result<String> {
    let name = format!("kommo_fleet_{:016x}", fastrand::u64(..));
    let mut connection = PgConnection::connect(url).await?;
    // The name is digits of our own making.
    let statement = format!("CREATE DATABASE {name}");
    query(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    let (server, _) = url
        .rsplit_once('/')
        .ok_or_else(|| failure("the server's URL names no database"))?;
    Ok(format!("{server}/{name}"))
}

/// Removes it again, even if clients are connected.
pub(crate) async fn drop_database(server: &str, url: &str) -> Result<()> {
    let (_, name) = url
        .rsplit_once('/')
        .ok_or_else(|| failure("the URL names no database"))?;
    let mut connection = PgConnection::connect(server).await?;
    let statement = format!("DROP DATABASE {name} WITH (FORCE)");
    query(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
