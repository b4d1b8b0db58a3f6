//! The problems of a store, for a maintenance program. Changes nothing.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, query, query_scalar};

use crate::error::StoreFault;

use super::connections::Sqlite;

/// Lines of `quick_check`, each about one fault. One is enough to know.
const QUICK_CHECK: &str = "PRAGMA quick_check(1)";

impl Sqlite {
    /// Damaged pages, a file that cannot be written to, lock files that cannot be opened.
    pub(in crate::database) async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        let mut problems = Vec::new();
        let checked = self
            .within("checking the pages", async {
                let mut reader = self.reader().await?;
                let first: String = query_scalar(QUICK_CHECK).fetch_one(&mut *reader).await?;
                reader.sound();
                Ok(first)
            })
            .await;
        match checked {
            Ok(first) if first == "ok" => {}
            Ok(_) => problems.push(StoreFault::damaged("database", "pages")),
            Err(error) => problems.push(error),
        }
        problems.extend(self.write_lock().await.err());
        problems.extend(self.lock_files.problems()?);
        Ok(problems)
    }

    /// Takes the lock of a writer and releases it: over a connection of its own, since this store
    /// may be read-only.
    async fn write_lock(&self) -> Result<(), StoreFault> {
        let options = SqliteConnectOptions::new()
            .filename(self.options.get_filename())
            .create_if_missing(false)
            .busy_timeout(self.wait_at_most)
            .disable_statement_logging();
        self.within("trying whether the store can be written to", async {
            let mut connection = options.connect().await?;
            let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
            query("UPDATE kommo_meta SET value = value")
                .execute(&mut *all)
                .await?;
            all.rollback().await?;
            connection.close().await
        })
        .await
    }
}
