//! The worker: a process of its own with a keeper of its own, which can be killed at any moment.

use core::time::Duration;

use kommo_store::Store;

use crate::bare;
use crate::failure::{Result, failure};
use crate::fleet_clock::FleetClock;
use crate::fleet_keeper::keeper;
use crate::fleet_store::{FleetStore, settings};
use crate::generous_store::GenerousStore;
use crate::rounds::Rounds;
use crate::store_choice::LockChoice;
use crate::sweeping;
use crate::worker_order::{StorePlace, Work, WorkerOrder};
use kommo_store::Lifeboat;

/// Refreshes that a worker has in flight at most, outside sweeps.
const REFRESHES_AT_A_TIME: u32 = 16;

/// Does what the order in the environment says.
///
/// # Errors
///
/// The order cannot be carried out.
pub async fn run() -> Result<()> {
    let order = WorkerOrder::of_this_process()?;
    if let Work::Bare { share, of, width } = order.work {
        return bare::run(&order, (share, of), width).await;
    }
    let request_limit = Duration::from_millis(order.request_limit_ms);
    let at_a_time = match order.work {
        Work::Sweep { width, .. } => u32::try_from(width)?,
        _ => REFRESHES_AT_A_TIME,
    };
    let settings = settings(request_limit, at_a_time);
    let store = match &order.store {
        StorePlace::Sqlite(path) => Store::open(path, settings).await?,
        StorePlace::Postgres(url) => Store::open(url, settings).await?,
    };
    with_locks(&order, store).await
}

async fn with_locks<S: FleetStore>(order: &WorkerOrder, store: S) -> Result<()> {
    match order.lock {
        LockChoice::AsItIs => with_store(order, store).await,
        LockChoice::AlwaysGranted => with_store(order, GenerousStore(store)).await,
    }
}

async fn with_store<S: FleetStore>(order: &WorkerOrder, store: S) -> Result<()> {
    let clock = FleetClock::open(&order.clock)?;
    let endpoint = order.platform.endpoint(clock.clone())?;
    let lifeboat = order.lifeboat.as_deref();
    let lifeboat = lifeboat
        .map(|path| Lifeboat::in_directory(path, None))
        .transpose()?;
    match &order.work {
        Work::Rounds {
            grants,
            tasks,
            calls,
        } => {
            let keeper = keeper(&order.platform, store, clock, endpoint.clone(), lifeboat, 1)?;
            let rounds = Rounds::new(keeper, endpoint, grants.as_deref(), *tasks, *calls);
            rounds.await?.run().await
        }
        Work::Sweep { batch, width } => {
            let keeper = keeper(&order.platform, store, clock, endpoint, lifeboat, *width)?;
            sweeping::run(keeper, *batch, *width).await
        }
        Work::Bare { .. } => Err(failure("the bare loop has no store")),
    }
}
