//! Many processes with many tasks each at one grant: an expiry is one refresh, however many want
//! the token.

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::path::PathBuf;

use kommo_sandbox::Rotation;
use kommo_store::Store;

use crate::failure::{Result, ensure, failure};
use crate::fleet::Fleet;
use crate::fleet_store::{FleetStore, settings};
use crate::scene::{LIFETIME_SECONDS, Scene, World};
use crate::store_choice::{LockChoice, StoreChoice, drop_database, new_database};
use crate::worker_message::WorkerMessage;
use crate::worker_order::{StorePlace, Work, WorkerOrder};

const REQUEST_LIMIT: Duration = Duration::from_secs(20);

/// What to drive.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "unpublished; the programs and the tests make it field by field"
)]
pub struct SingleFlightOrder {
    /// The worker program.
    pub program: PathBuf,
    /// The database.
    pub store: StoreChoice,
    /// How it keeps its locks.
    pub lock: LockChoice,
    /// Worker processes.
    pub processes: usize,
    /// Tasks in each that want a token at once.
    pub tasks: u32,
    /// How often the token expires.
    pub expiries: u64,
}

/// What the sandbox counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SingleFlightReport {
    /// Refreshes that were committed.
    pub refreshes: u64,
    /// Requests for one, whatever became of them.
    pub refresh_requests: u64,
    /// Second refreshes with one refresh token.
    pub double_refreshes: u64,
    /// Tokens that tasks got, each of the newest generation.
    pub tokens: u64,
}

/// Drives, under the strict reading: a second refresh would be the end of the grant.
///
/// # Errors
///
/// A task got no token, or one of another generation than the newest; or something could not be
/// started.
pub async fn run(order: SingleFlightOrder) -> Result<SingleFlightReport> {
    let world = World::new(Rotation::Strict).await?;
    match &order.store {
        StoreChoice::Sqlite => {
            let place = world.sqlite();
            let StorePlace::Sqlite(path) = &place else {
                return Err(failure("a place of sqlite is a path"));
            };
            let store = Store::open(path, settings(REQUEST_LIMIT, 1)).await?;
            drive(&order, &Scene::new(world, store)?, place).await
        }
        StoreChoice::Postgres { url: server } => {
            let url = new_database(server).await?;
            let settings = settings(REQUEST_LIMIT, 1);
            let store = Store::open(&url, settings).await?;
            let place = StorePlace::Postgres(url.clone());
            let report = drive(&order, &Scene::new(world, store)?, place).await?;
            drop_database(server, &url).await?;
            Ok(report)
        }
    }
}

async fn drive<S: FleetStore>(
    order: &SingleFlightOrder,
    scene: &Scene<S>,
    place: StorePlace,
) -> Result<SingleFlightReport> {
    scene.grants(1).await?;
    let work = Work::Rounds {
        grants: None,
        tasks: order.tasks,
        calls: false,
    };
    let worker = scene.world.order(&place, work, REQUEST_LIMIT)?;
    let worker = WorkerOrder {
        lock: order.lock,
        ..worker
    };
    let mut fleet = Fleet::start(order.program.clone(), vec![worker; order.processes]).await?;
    let mut tokens = 0;
    for expiry in 1..=order.expiries {
        scene.world.advance(LIFETIME_SECONDS + 1)?;
        fleet.go_all(expiry).await?;
        tokens += round(&mut fleet, expiry).await?;
    }
    let counters = scene.world.sandbox.counters();
    Ok(SingleFlightReport {
        refreshes: counters.refreshes,
        refresh_requests: counters.refresh_requests,
        double_refreshes: counters.double_refreshes,
        tokens,
    })
}

/// Every task of every process gets the token of this expiry.
async fn round(fleet: &mut Fleet, expiry: u64) -> Result<u64> {
    let mut busy: BTreeSet<usize> = (0..fleet.len()).collect();
    let mut tokens = 0;
    while !busy.is_empty() {
        match fleet.next().await? {
            (place, WorkerMessage::Done { round }) if round == expiry => {
                busy.remove(&place);
            }
            (place, WorkerMessage::Token { generation, .. }) => {
                // The consent brought generation 1, and each expiry one more.
                ensure(generation == expiry + 1, || {
                    format!("expiry {expiry}: worker {place} got generation {generation}")
                })?;
                tokens += 1;
            }
            (place, message) => {
                return Err(failure(format!(
                    "expiry {expiry}: worker {place} sent {message:?}"
                )));
            }
        }
    }
    Ok(tokens)
}
