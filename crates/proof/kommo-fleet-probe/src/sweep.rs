//! Refreshes very many grants with a few worker processes, once with the keeper's sweep and once
//! with the bare loop.
//!
//! Each run has a sandbox process, a database and grants of its own, all of them due and none of
//! them expired.

use alloc::sync::Arc;
use core::time::Duration;
use std::path::{Path, PathBuf};

use kommo_account::{AccountHost, AccountId, UserId};
use kommo_keeper::GrantStore;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};
use kommo_sandbox::MadeGrant;
use kommo_store::{Store, StoreSettings};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, query};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::bare_table;
use crate::failure::{Result, ensure, failure};
use crate::fleet::Fleet;
use crate::fleet_clock::ClockFile;
use crate::process_figures::{Memory, processor_ms};
use crate::sandbox_process::SandboxProcess;
use crate::scene::LIFETIME_SECONDS;
use crate::store_choice::{LockChoice, drop_database, new_database};
use crate::sweep_report::{SweepPair, SweepRun};
use crate::worker_message::{Finished, WorkerMessage};
use crate::worker_order::{PlatformOrder, StorePlace, Work, WorkerOrder};

/// Half an hour is left of every token.
const AGE_SECONDS: u64 = LIFETIME_SECONDS - 1800;

/// Grants made and stored side by side.
const MADE_AT_ONCE: u64 = 1000;
const STORED_AT_ONCE: usize = 32;

const REQUEST_LIMIT_MS: u64 = 120_000;

/// What to drive.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "unpublished; the programs and the tests make it field by field"
)]
pub struct SweepOrder {
    /// The worker program.
    pub program: PathBuf,
    /// A database of the server, whose user may make others.
    pub postgres: String,
    /// How many grants.
    pub grants: u64,
    /// Worker processes.
    pub workers: u32,
    /// Grants that a worker refreshes side by side.
    pub width: usize,
    /// Grants that a worker claims at once.
    pub batch: u32,
}

/// Both loops, one after the other.
///
/// # Errors
///
/// A run left grants unrefreshed, or refreshed or lost some twice; or something could not be
/// started.
pub async fn run(order: &SweepOrder) -> Result<SweepPair> {
    let bare = run_one(order, false).await?;
    let sweep = run_one(order, true).await?;
    Ok(SweepPair { sweep, bare })
}

async fn run_one(order: &SweepOrder, is_sweep: bool) -> Result<SweepRun> {
    let mut sandbox = SandboxProcess::start(&order.program).await?;
    let url = new_database(&order.postgres).await?;
    let directory = tempfile::Builder::new().prefix("kommo-sweep").tempdir()?;
    let clock = directory.path().join("clock");
    let _clock_file = ClockFile::create(&clock, sandbox.now)?;
    fill(order, &mut sandbox, &url, is_sweep).await?;
    let orders = (0..order.workers).map(|share| WorkerOrder {
        platform: sandbox.platform.clone(),
        lock: LockChoice::AsItIs,
        store: StorePlace::Postgres(url.clone()),
        clock: clock.clone(),
        work: if is_sweep {
            Work::Sweep {
                batch: order.batch,
                width: order.width,
            }
        } else {
            Work::Bare {
                share,
                of: order.workers,
                width: order.width,
            }
        },
        lifeboat: None,
        request_limit_ms: REQUEST_LIMIT_MS,
    });
    let mut fleet = Fleet::start(order.program.clone(), orders.collect()).await?;
    let mut run = measure(&mut fleet).await?;
    drop(fleet);
    let counters = sandbox.counters().await?;
    run.grants = order.grants;
    run.committed = counters.refreshes;
    run.double_refreshes = counters.double_refreshes;
    run.lost += counters.lost_grants;
    drop_database(&order.postgres, &url).await?;
    ensure(
        run.refreshed == order.grants && run.committed == order.grants,
        || format!("not every grant was refreshed once: {run:?}"),
    )?;
    ensure(run.double_refreshes == 0 && run.lost == 0, || {
        format!("grants were refreshed twice or lost: {run:?}")
    })?;
    Ok(run)
}

/// Grants in the sandbox and in the database.
async fn fill(
    order: &SweepOrder,
    sandbox: &mut SandboxProcess,
    url: &str,
    is_sweep: bool,
) -> Result<()> {
    let mut settings = StoreSettings::new();
    settings.connections = u32::try_from(STORED_AT_ONCE)?;
    settings.request_limit = Duration::from_millis(REQUEST_LIMIT_MS);
    // Makes the tables of both.
    let store = Arc::new(Store::open(url, settings).await?);
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(STORED_AT_ONCE)?)
        .connect(url)
        .await?;
    let filler = Arc::new(Filler {
        realm: realm_text(sandbox)?,
        platform: sandbox.platform.clone(),
        now: sandbox.now,
        store,
        pool: pool.clone(),
        is_sweep,
    });
    let mut left = order.grants;
    while left > 0 {
        let count = left.min(MADE_AT_ONCE);
        let made = sandbox.make(count, AGE_SECONDS).await?;
        let mut storing = JoinSet::new();
        for grant in made {
            if storing.len() >= STORED_AT_ONCE
                && let Some(stored) = storing.join_next().await
            {
                stored??;
            }
            let filler = Arc::clone(&filler);
            storing.spawn(async move { filler.add(&grant).await });
        }
        while let Some(stored) = storing.join_next().await {
            stored??;
        }
        left -= count;
    }
    query("VACUUM ANALYZE kommo_grants").execute(&pool).await?;
    query("CHECKPOINT").execute(&pool).await?;
    filler.store.close().await;
    pool.close().await;
    Ok(())
}

struct Filler {
    realm: String,
    platform: PlatformOrder,
    now: u64,
    store: Arc<Store>,
    pool: PgPool,
    is_sweep: bool,
}

fn realm_text(sandbox: &SandboxProcess) -> Result<String> {
    let address = sandbox.platform.base_url.strip_prefix("http://");
    let address = address.ok_or_else(|| failure("the sandbox speaks TLS"))?;
    Ok(format!("sandbox@{address}"))
}

impl Filler {
    async fn add(&self, made: &MadeGrant) -> Result<()> {
        if !self.is_sweep {
            let now = i64::try_from(self.now)?;
            let client_id = &self.platform.client_id;
            return bare_table::add(&self.pool, &self.realm, client_id, made, now).await;
        }
        let key = GrantKey {
            realm: self.platform.endpoints()?.realm(),
            client_id: self.platform.credentials()?.client_id,
            account_id: AccountId::from_number(made.account)?,
            user_id: UserId::from_number(made.user)?,
        };
        let pair = TokenPair::new(
            AccessToken::new(made.access_token.clone())?,
            RefreshToken::new(made.refresh_token.clone())?,
            UnixSeconds::new(made.expires_at - LIFETIME_SECONDS),
            UnixSeconds::new(made.expires_at),
        );
        let host = AccountHost::parse(&made.account_host)?;
        let moved = Grant::consent(None, key, host, Some(true), pair);
        self.store
            .write(None, &moved, UnixSeconds::new(self.now))
            .await?;
        Ok(())
    }
}

/// From `go` until every worker is done, looking at their memory meanwhile.
async fn measure(fleet: &mut Fleet) -> Result<SweepRun> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the length of a run is what is measured"
    )]
    let begun = Instant::now();
    fleet.go_all(1).await?;
    let mut look = interval(Duration::from_millis(250));
    let mut looks: Vec<u64> = Vec::new();
    let mut finished = Finished::default();
    let mut left = fleet.len();
    while left > 0 {
        tokio::select! {
            message = fleet.next() => match message? {
                (_, WorkerMessage::Finished(one)) => {
                    left -= 1;
                    finished.refreshed += one.refreshed;
                    finished.fresh += one.fresh;
                    finished.later += one.later;
                    finished.ended += one.ended;
                }
                (place, message) => {
                    return Err(failure(format!("worker {place} sent {message:?}")));
                }
            },
            _ = look.tick() => looks.push(memory(fleet)?.now_kib),
        }
    }
    let elapsed = begun.elapsed();
    looks.push(memory(fleet)?.now_kib);
    let at = |tenths: usize| looks.get((looks.len() - 1) * tenths / 10).copied();
    let mut processor = 0;
    for place in 0..fleet.len() {
        processor += processor_ms(fleet.process_id(place)?)?;
    }
    Ok(SweepRun {
        elapsed,
        refreshed: finished.refreshed,
        lost: finished.ended,
        later: finished.later,
        peak_kib: memory(fleet)?.peak_kib,
        memory_kib: [1, 5, 10].map(|tenths| at(tenths).unwrap_or_default()),
        workers_processor: Duration::from_millis(processor),
        ..SweepRun::default()
    })
}

/// The largest worker's.
fn memory(fleet: &mut Fleet) -> Result<Memory> {
    let mut largest = Memory::default();
    for place in 0..fleet.len() {
        let memory = Memory::of(fleet.process_id(place)?)?;
        largest.now_kib = largest.now_kib.max(memory.now_kib);
        largest.peak_kib = largest.peak_kib.max(memory.peak_kib);
    }
    Ok(largest)
}

/// Where the drivers find the program of their workers: it is this one.
///
/// # Errors
///
/// The system does not say.
pub fn own_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    ensure(Path::exists(&program), || {
        format!(
            "{} has been replaced since it was started",
            program.display()
        )
    })?;
    Ok(program)
}
