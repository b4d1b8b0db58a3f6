//! A worker that refreshes all due grants: `Keeper::sweep_once`, again and again, until no grant is
//! due.

use kommo_account::UserId;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use crate::failure::{Result, failure};
use crate::fleet_keeper::FleetKeeper;
use crate::fleet_store::FleetStore;
use crate::worker_message::{Finished, WorkerMessage};

/// Waits for its `go`, sweeps, reports, and waits for the end of standard input.
pub(crate) async fn run<S: FleetStore>(
    keeper: FleetKeeper<S>,
    batch: u32,
    width: usize,
) -> Result<()> {
    open_sessions(&keeper, width).await?;
    WorkerMessage::Ready.send()?;
    let mut lines = BufReader::new(stdin()).lines();
    if lines.next_line().await?.is_none() {
        return Ok(());
    }
    WorkerMessage::Finished(sweep(&keeper, batch).await?).send()?;
    while lines.next_line().await?.is_some() {}
    keeper.drain().await;
    Ok(())
}

/// The store opens a lock's session when it is first wanted. The bare loop has its connections
/// before its `go`, so this one has too.
async fn open_sessions<S: FleetStore>(keeper: &FleetKeeper<S>, width: usize) -> Result<()> {
    let store = keeper.store();
    let Some(mut key) = store.keys(None, 1).await?.pop() else {
        return Ok(());
    };
    let mut held = Vec::with_capacity(width);
    for number in 1..=u64::try_from(width)? {
        // Nobody else's, and no grant's.
        let own = u64::from(std::process::id()) * 1_000_000 + number;
        key.user_id = UserId::from_number(own)?;
        held.extend(store.try_lock(&key).await?);
    }
    for lock in held {
        store.unlock(lock).await?;
    }
    Ok(())
}

async fn sweep<S: FleetStore>(keeper: &FleetKeeper<S>, batch: u32) -> Result<Finished> {
    let mut finished = Finished::default();
    loop {
        let report = keeper.sweep_once(batch).await;
        let report = report.map_err(|trouble| failure(format!("the sweep failed: {trouble:?}")))?;
        if report.claimed == 0 {
            return Ok(finished);
        }
        finished.refreshed += u64::try_from(report.refreshed)?;
        finished.fresh += u64::try_from(report.fresh)?;
        finished.later += u64::try_from(report.later)?;
        finished.ended += u64::try_from(report.ended)?;
    }
}
