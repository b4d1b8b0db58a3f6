//! A worker that looks after all grants: `Keeper::sweep_once`, again and again, until nothing is due.

use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use crate::failure::{Result, failure};
use crate::fleet_keeper::FleetKeeper;
use crate::fleet_store::FleetStore;
use crate::told::{Finished, Told};

/// Waits for its `go`, sweeps, tells, and waits for the end of standard input.
pub(crate) async fn run<S: FleetStore>(keeper: FleetKeeper<S>, batch: u32) -> Result<()> {
    Told::Ready.tell()?;
    let mut lines = BufReader::new(stdin()).lines();
    if lines.next_line().await?.is_none() {
        return Ok(());
    }
    Told::Finished(sweep(&keeper, batch).await?).tell()?;
    while lines.next_line().await?.is_some() {}
    keeper.drain().await;
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
