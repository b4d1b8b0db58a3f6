//! Locks that die with their connection.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::Mutex;

use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection, query_as, query_scalar};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{DatabaseFault, StoreFault};
use crate::records::grant_record::parse_key;

use super::checks;
use super::limits::{all_within, within};

/// Connections that hold locks, or held one and wait for the next.
pub(super) struct LockSessions {
    options: PgConnectOptions,
    request_limit: Duration,
    wait_at_most: Duration,
    permits: Arc<Semaphore>,
    idle: Arc<Idle>,
}

/// Sessions without a lock. Empty for good once the store is closed.
#[derive(Default)]
struct Idle {
    sessions: Mutex<Vec<PgConnection>>,
}

impl Idle {
    /// A panic elsewhere leaves the list as good as it was.
    fn list(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.sessions
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The lock of one grant, and the connection that
/// holds it. Dropped, it closes the connection, and the server frees the lock.
pub(crate) struct PostgresLock {
    key: String,
    number: i64,
    /// The server's process of this session.
    process: i32,
    connection: PgConnection,
    /// Whether the last statement was answered. If not, the state of the connection is unknown.
    is_answered: bool,
    idle: Arc<Idle>,
    permits: Arc<Semaphore>,
    _permit: OwnedSemaphorePermit,
}

impl LockSessions {
    pub(super) fn new(
        options: PgConnectOptions,
        sessions: u32,
        request_limit: Duration,
        wait_at_most: Duration,
    ) -> Self {
        let most = usize::try_from(sessions.max(1)).unwrap_or(1);
        Self {
            options,
            request_limit,
            wait_at_most,
            permits: Arc::new(Semaphore::new(most)),
            idle: Arc::default(),
        }
    }

    /// `None`: another worker has the lock, or no session became free in time; treated as busy.
    pub(super) async fn try_lock(&self, key: &str) -> Result<Option<PostgresLock>, StoreFault> {
        let doing = "locking a grant";
        let permit =
            match timeout(self.wait_at_most, Arc::clone(&self.permits).acquire_owned()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) => {
                    return Err(StoreFault::Database {
                        doing,
                        source: DatabaseFault::from(sqlx::Error::PoolClosed),
                    });
                }
                Err(_) => return Ok(None),
            };
        let number = lock_number(key);
        let used = self.idle.list().pop();
        let asked = async {
            if let Some(mut connection) = used {
                // A session that waited may have been ended by the server, or be cut off from it:
                // then another one asks, in the time that is left.
                let quickly = self.wait_at_most / 4;
                if let Ok(answer) = within(quickly, doing, ask(&mut connection, number)).await {
                    return Ok((connection, answer));
                }
            }
            let failed = |error| StoreFault::Database {
                doing,
                source: DatabaseFault::from(error),
            };
            let mut connection = self.options.connect().await.map_err(failed)?;
            checks::prepare_session(&mut connection, self.request_limit, self.wait_at_most).await?;
            let answer = ask(&mut connection, number).await.map_err(failed)?;
            Ok((connection, answer))
        };
        let (connection, answer) = all_within(self.wait_at_most, doing, asked).await?;
        Ok(self.hand_out(key, number, connection, answer, permit))
    }

    /// The lock; if another worker has it, the connection goes back to the idle ones.
    fn hand_out(
        &self,
        key: &str,
        number: i64,
        connection: PgConnection,
        asked: Asked,
        permit: OwnedSemaphorePermit,
    ) -> Option<PostgresLock> {
        if !asked.is_ours {
            self.idle.list().push(connection);
            return None;
        }
        Some(PostgresLock {
            key: key.to_owned(),
            number,
            process: asked.process,
            connection,
            is_answered: true,
            idle: Arc::clone(&self.idle),
            permits: Arc::clone(&self.permits),
            _permit: permit,
        })
    }

    /// No session is opened any more; the idle ones end. Locks that are held stay until they are
    /// released.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle.list().clear();
    }
}

impl PostgresLock {
    pub(in crate::database) fn key(&self) -> &str {
        &self.key
    }

    /// The connection, for one statement; [`answered`](Self::answered) says that it came to an end.
    pub(super) const fn connection(&mut self) -> &mut PgConnection {
        self.is_answered = false;
        &mut self.connection
    }

    pub(super) const fn answered(&mut self) {
        self.is_answered = true;
    }

    /// What an error on this connection means: if the session is gone, so is the lock.
    pub(super) fn judge(&self, error: StoreFault) -> StoreFault {
        let is_gone = matches!(&error, StoreFault::Database { source, .. } if source.is_gone());
        match parse_key(&self.key) {
            Ok(key) if is_gone => StoreFault::LockLost { key: Box::new(key) },
            _ => error,
        }
    }

    /// Whether the session that took the lock answers. Each call also keeps the server from ending
    /// the session as idle.
    pub(super) async fn is_held(&mut self, wait_at_most: Duration) -> Result<bool, StoreFault> {
        if !self.is_answered {
            return Ok(false);
        }
        let process = self.process;
        let asking = query_scalar::<_, i32>("SELECT pg_backend_pid()").fetch_one(self.connection());
        match within(wait_at_most, "asking for a lock", asking).await {
            Ok(found) => {
                self.answered();
                Ok(found == process)
            }
            Err(error) => match self.judge(error) {
                StoreFault::LockLost { .. } => Ok(false),
                error => Err(error),
            },
        }
    }

    pub(super) async fn unlock(mut self, wait_at_most: Duration) -> Result<(), StoreFault> {
        if !self.is_answered {
            // Dropped with its connection, which frees the lock.
            return Ok(());
        }
        let number = self.number;
        let connection = self.connection();
        let freed = within(wait_at_most, "unlocking a grant", async {
            query_scalar::<_, bool>("SELECT pg_advisory_unlock($1)")
                .bind(number)
                .fetch_one(connection)
                .await
        })
        .await;
        match freed {
            Ok(true) => {
                let Self {
                    connection,
                    idle,
                    permits,
                    ..
                } = self;
                if !permits.is_closed() {
                    idle.list().push(connection);
                }
                Ok(())
            }
            Ok(false) => Err(self.judge(StoreFault::Database {
                doing: "unlocking a grant",
                source: DatabaseFault::lost(),
            })),
            Err(error) => Err(self.judge(error)),
        }
    }
}

/// What a session answered.
#[derive(Clone, Copy)]
struct Asked {
    is_ours: bool,
    process: i32,
}

async fn ask(connection: &mut PgConnection, number: i64) -> sqlx::Result<Asked> {
    let (is_ours, process) = query_as("SELECT pg_try_advisory_lock($1), pg_backend_pid()")
        .bind(number)
        .fetch_one(connection)
        .await?;
    Ok(Asked { is_ours, process })
}

/// The number of a key among the advisory locks of the database. Two keys with the same number (a
/// chance of one in 2^63 per pair) would only wait for each other.
fn lock_number(key: &str) -> i64 {
    let mut hash = Sha256::new();
    hash.update(b"kommo-store lock\0");
    hash.update(key.as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl fmt::Debug for LockSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockSessions").finish_non_exhaustive()
    }
}

impl fmt::Debug for PostgresLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLock")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
