//! What befalls a database under its workers, and the means to bring it about and to end it.

use core::fmt;
use core::time::Duration;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, query};

use crate::failure::{Failure, Result, failure};
use crate::silent_proxy::SilentProxy;
use crate::small_disk::SmallDisk;
use kommo_test_support::{PostgresCluster, Stop};

/// What fails under the workers. No process dies of it, so no grant may be lost, under the strict
/// reading too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TroubleKind {
    /// The disk of the store is full but for a few blocks; with SQLite the lifeboat is on it too.
    FullDisk,
    /// The connections stay open, and no byte passes (PostgreSQL).
    SilentConnection,
    /// The server ends the sessions, those of the locks among them (PostgreSQL).
    TerminatedBackends,
    /// The server is restarted, in order or as after a crash (PostgreSQL).
    Restart,
    /// A process that starts is stopped by SIGSTOP at a random moment, while others start.
    StoppedAtStart,
}

impl TroubleKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::FullDisk,
        Self::SilentConnection,
        Self::TerminatedBackends,
        Self::Restart,
        Self::StoppedAtStart,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FullDisk => "full-disk",
            Self::SilentConnection => "silent-connection",
            Self::TerminatedBackends => "terminated-backends",
            Self::Restart => "restart",
            Self::StoppedAtStart => "stopped-at-start",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it befalls a store on this database.
    #[must_use]
    pub const fn befalls(self, is_postgres: bool) -> bool {
        match self {
            Self::FullDisk | Self::StoppedAtStart => true,
            Self::SilentConnection | Self::TerminatedBackends | Self::Restart => is_postgres,
        }
    }
}

impl fmt::Display for TroubleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How it is brought about.
pub(crate) enum Means {
    Disk {
        disk: SmallDisk,
        store: PathBuf,
    },
    /// A server on a disk of its own; what it does when it cannot write its log is to stop.
    ServerDisk {
        cluster: PostgresCluster,
        disk: SmallDisk,
    },
    Proxy(SilentProxy),
    /// The database whose sessions are ended.
    Backends(String),
    Server(PostgresCluster),
}

impl Means {
    pub(crate) async fn begin(&mut self, rng: &mut Rng) -> Result<()> {
        match self {
            // From zero up to the size of a record.
            Self::Disk { disk, store } => {
                shorten_log(store).await?;
                disk.fill_but(rng.u64(..24))
            }
            Self::ServerDisk { cluster, disk } => {
                disk.fill_but(rng.u64(..64))?;
                // The server may end over it, and this session with it: that is the trouble.
                let _ = use_up_log(&cluster.url(), rng.u8(1..=4)).await;
                Ok(())
            }
            Self::Proxy(proxy) => {
                proxy.be_silent(true);
                Ok(())
            }
            Self::Backends(url) => end_sessions(url, rng.bool()).await,
            Self::Server(cluster) => {
                let stop = if rng.bool() {
                    Stop::InOrder
                } else {
                    Stop::AsByCrash
                };
                restart(cluster, stop)
            }
        }
    }

    /// Ends it. Returns whether it took effect: whether the disk was used up, or its server went
    /// down. The others always take effect.
    pub(crate) async fn end(&mut self) -> Result<bool> {
        match self {
            Self::Disk { disk, .. } => {
                let was_met = disk.is_full()?;
                disk.make_room()?;
                Ok(was_met)
            }
            Self::ServerDisk { cluster, disk } => {
                disk.make_room()?;
                // One that is recovering may have met the full disk again, and be about to end.
                let was_met = !takes_sessions(&cluster.url()).await;
                if was_met {
                    restart(cluster, Stop::AsByCrash)?;
                }
                keep_log_short(&cluster.url()).await?;
                Ok(was_met)
            }
            Self::Proxy(proxy) => {
                proxy.be_silent(false);
                Ok(true)
            }
            Self::Backends(_) | Self::Server(_) => Ok(true),
        }
    }

    /// How long it lasts.
    pub(crate) fn length(&self, rng: &mut Rng) -> Duration {
        match self {
            Self::Disk { .. } | Self::ServerDisk { .. } => Duration::from_millis(rng.u64(50..600)),
            // One in eight is longer than the store waits for an answer.
            Self::Proxy(_) if rng.u8(..8) == 0 => Duration::from_secs(rng.u64(3..8)),
            Self::Proxy(_) => Duration::from_millis(rng.u64(50..1500)),
            Self::Backends(_) | Self::Server(_) => Duration::ZERO,
        }
    }
}

fn restart(cluster: &mut PostgresCluster, stop: Stop) -> Result<()> {
    tokio::task::block_in_place(|| cluster.restart(stop))
        .map_err(|error| -> Failure { error.into() })
}

/// Releases the space of SQLite's log, if there is no writer: otherwise the log has room for the
/// next writes.
async fn shorten_log(store: &Path) -> Result<()> {
    let mut connection = SqliteConnectOptions::new()
        .filename(store)
        .connect()
        .await?;
    query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

/// Makes the server begin new files of its log, for which there is no room once those that it keeps
/// ready are used up.
async fn use_up_log(url: &str, files: u8) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    for _ in 0..files {
        query("SELECT pg_logical_emit_message(false, 'kommo', 'log'), pg_switch_wal()")
            .execute(&mut connection)
            .await?;
    }
    Ok(connection.close().await?)
}

/// The log must not fill the small disk by itself: files that no recovery needs are given back.
async fn keep_log_short(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    for statement in [
        "ALTER SYSTEM SET max_wal_size = '48MB'",
        "ALTER SYSTEM SET min_wal_size = '32MB'",
        "SELECT pg_reload_conf()",
        "CHECKPOINT",
    ] {
        query(statement).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

async fn takes_sessions(url: &str) -> bool {
    let Ok(connection) = PgConnection::connect(url).await else {
        return false;
    };
    connection.close().await.is_ok()
}

/// All sessions of the database but the one that says so, or about half of them.
async fn end_sessions(url: &str, all: bool) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let ended = query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND ($1 OR random() < 0.5)",
    )
    .bind(all)
    .fetch_all(&mut connection)
    .await?;
    if all && ended.is_empty() {
        return Err(failure("the workers have no sessions to end"));
    }
    Ok(connection.close().await?)
}
