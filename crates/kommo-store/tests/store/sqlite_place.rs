//! A database file of one test.

use std::path::PathBuf;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, raw_sql};
use tempfile::TempDir;

use crate::place::Place;

pub(crate) struct SqlitePlace {
    pub(crate) directory: TempDir,
}

impl SqlitePlace {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("store.db")
    }
}

impl Place for SqlitePlace {
    const NEWER_CODES: &str = "UPDATE kommo_codes SET record = CAST(x'00' || CAST(replace(CAST(substr(record, 2) AS TEXT), \
                               '{\"v\":1,', '{\"v\":2,\"more\":true,') AS BLOB) AS BLOB)";

    const NEWER_HOOKS: &str = "UPDATE kommo_hooks SET record = CAST(substr(record, 1, 5) || CAST(replace(CAST(substr(record, 6) AS TEXT), \
                               '{\"v\":1,', '{\"v\":2,') AS BLOB) AS BLOB)";

    async fn make() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        Some(Self { directory })
    }

    async fn sql(&self, statement: &str) {
        let options = SqliteConnectOptions::new().filename(self.path());
        let mut connection = options.connect().await.unwrap();
        raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    fn address(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }
}
