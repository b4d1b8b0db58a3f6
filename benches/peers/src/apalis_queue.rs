//! `apalis` with `apalis-sqlite`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::*;
use apalis_sqlite::{Config, SqliteStorage};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::task::JoinSet;

use crate::{AT_A_TIME, Queue, handled};

const QUEUE: &str = "hooks";

/// How SQLite writes.
pub(crate) enum Synchronous {
    /// As the inbox does.
    Full,
    /// As `SqliteStorage::setup` does: `OFF`.
    AsSetUp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hook {
    body: String,
}

pub(crate) struct ApalisQueue {
    pool: SqlitePool,
}

async fn handle(_: Hook) -> Result<(), BoxDynError> {
    handled::one();
    Ok(())
}

impl ApalisQueue {
    pub(crate) async fn open(path: &Path, synchronous: Synchronous) -> Self {
        let level = match synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::AsSetUp => SqliteSynchronous::Off,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(level)
            .busy_timeout(Duration::from_secs(60));
        // SQLite has one writer: more connections would only wait for each other.
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options).await.expect("a database");
        match synchronous {
            // `setup` without its `PRAGMA synchronous = OFF`.
            Synchronous::Full => {
                let migrations = SqliteStorage::migrations();
                migrations.run(&pool).await.expect("tables");
            }
            Synchronous::AsSetUp => SqliteStorage::setup(&pool).await.expect("tables"),
        }
        Self { pool }
    }

    fn storage(&self) -> SqliteStorage<Hook> {
        let config = Config::default().queue(QUEUE).batch_size(AT_A_TIME);
        SqliteStorage::new(&self.pool).with_config(config)
    }

    async fn waiting(&self) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM Jobs WHERE status <> 'Done'")
            .fetch_one(&self.pool)
            .await
            .expect("a number")
    }
}

impl Queue for ApalisQueue {
    async fn keep(&self, bodies: Vec<String>) {
        let bodies = Arc::new(bodies);
        let mut keeping = JoinSet::new();
        for first in 0..AT_A_TIME {
            let (mut storage, bodies) = (self.storage(), Arc::clone(&bodies));
            keeping.spawn(async move {
                for body in bodies.iter().skip(first).step_by(AT_A_TIME) {
                    let hook = Hook { body: body.clone() };
                    storage.push(hook).await.expect("stored");
                }
            });
        }
        keeping.join_all().await;
    }

    async fn complete(&self, count: u64) {
        let backend = self.storage().poll_with_interval(Duration::from_millis(1));
        let worker = WorkerBuilder::new("bench")
            .backend(backend)
            .concurrency(AT_A_TIME)
            .build(handle);
        let running = tokio::spawn(worker.run());
        handled::wait_for(count).await;
        while self.waiting().await > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        running.abort();
        assert!(running.await.is_err(), "the worker ended by itself");
    }
}
