//! `graphile_worker`.

use std::sync::Arc;
use std::time::Duration;

use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, Worker, WorkerContext,
    WorkerOptions,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::inbox_queue::new_database;
use crate::{AT_A_TIME, Queue, handled};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hook {
    body: String,
}

impl TaskHandler for Hook {
    const IDENTIFIER: &'static str = "hook";

    async fn run(self, _: WorkerContext) -> impl IntoTaskHandlerResult {
        handled::one();
        Ok::<(), String>(())
    }
}

pub(crate) struct GraphileQueue {
    pool: PgPool,
}

impl GraphileQueue {
    /// In a database of its own.
    pub(crate) async fn of_server(server: &str) -> Self {
        let address = new_database(server, "graphile").await;
        let pool = PgPoolOptions::new().max_connections(20);
        let pool = pool.connect(&address).await.expect("a database");
        let queue = Self { pool };
        // Makes the tables.
        let _ = queue.worker(std::future::pending()).await;
        queue
    }

    async fn worker(&self, end: impl Future<Output = ()> + Send + 'static) -> Worker {
        WorkerOptions::default()
            .pg_pool(self.pool.clone())
            .concurrency(AT_A_TIME)
            .local_queue(LocalQueueConfig::default())
            .complete_job_batch_delay(Duration::from_millis(1))
            .listen_os_shutdown_signals(false)
            .shutdown_signal(end)
            .define_job::<Hook>()
            .init()
            .await
            .expect("a worker")
    }

    async fn waiting(&self) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM graphile_worker._private_jobs")
            .fetch_one(&self.pool)
            .await
            .expect("a number")
    }
}

impl Queue for GraphileQueue {
    async fn keep(&self, bodies: Vec<String>) {
        let adding = Arc::new(self.worker(std::future::pending()).await.create_utils());
        let bodies = Arc::new(bodies);
        let mut keeping = JoinSet::new();
        for first in 0..AT_A_TIME {
            let (adding, bodies) = (Arc::clone(&adding), Arc::clone(&bodies));
            keeping.spawn(async move {
                for body in bodies.iter().skip(first).step_by(AT_A_TIME) {
                    let hook = Hook { body: body.clone() };
                    let added = adding.add_job(hook, JobSpec::default());
                    added.await.expect("stored");
                }
            });
        }
        keeping.join_all().await;
    }

    async fn complete(&self, count: u64) {
        let (end, ended) = oneshot::channel();
        let worker = self
            .worker(async {
                let _ = ended.await;
            })
            .await;
        let running = tokio::spawn(async move { worker.run().await });
        handled::wait_for(count).await;
        while self.waiting().await > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let _ = end.send(());
        running.await.expect("a worker").expect("ended");
    }
}
