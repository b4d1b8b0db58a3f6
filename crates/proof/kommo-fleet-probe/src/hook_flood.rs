//! What a flood of hooks takes from those that are proven: a receiver with an inbox, as a process
//! of its own, proven chat hooks at a rate, and beside them, in turn, nothing or a stranger: forged
//! chat hooks, or unsigned hooks at the address of one account.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kommo_account::AccountId;
use kommo_sign::{ChannelSecret, ChatHookKey};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::failing_place::FailingPlace;
use crate::failure::{Result, failure};
use crate::hook_sender::{HookRequest, Line};
use crate::hostile_report::{HostileReport, Phase, Stranger};
use crate::inbox_fleet::InboxProcess;
use crate::inbox_order::{InboxOrder, InboxRole};
use crate::inbox_process::{crm_paths, key};
use crate::ledger::HookName;
use crate::process_figures::Memory;
use crate::store_choice::StoreChoice;

/// Connections of the platform, and of the stranger.
const LINES: usize = 16;
const STRANGERS_LINES: usize = 32;

/// What to measure.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "unpublished; the programs and the tests make it field by field"
)]
pub struct FloodOrder {
    /// The program of the receiver.
    pub program: PathBuf,
    /// The database.
    pub store: StoreChoice,
    /// What the stranger sends.
    pub stranger: Stranger,
    /// How many in a second.
    pub a_second: u32,
    /// How many proven hooks come in a second.
    pub proven_a_second: u32,
    /// The length of a phase.
    pub phase: Duration,
    /// How often both phases come.
    pub rounds: u32,
}

/// What happens in one phase.
#[derive(Default)]
struct Tally {
    stops: AtomicBool,
    answered: Mutex<Vec<Duration>>,
    failed: AtomicU64,
    taken: AtomicU64,
    turned_away: AtomicU64,
}

/// Real time is what is measured.
#[allow(clippy::disallowed_methods, reason = "real time is what is measured")]
fn now() -> Instant {
    Instant::now()
}

/// Measures.
///
/// # Errors
///
/// The receiver cannot be started, or a part of the drive fails.
pub async fn run(order: FloodOrder) -> Result<HostileReport> {
    let directory = tempfile::Builder::new().prefix("kommo-flood").tempdir()?;
    let place = FailingPlace::new(&order.store, None, directory.path()).await?;
    let process = InboxOrder {
        role: InboxRole::Receives,
        store: place.workers.clone(),
        spool: directory.path().join("spool"),
        ledger: directory.path().join("ledger"),
    };
    let mut receiver = InboxProcess::start(order.program.clone(), process).await?;
    let address = *receiver.address().borrow();
    let address = address.ok_or_else(|| failure("the receiver has no address"))?;
    let mut report = HostileReport::new(order.stranger, order.a_second);
    let numbers = Arc::new(AtomicU64::new(0));
    for _ in 0..order.rounds {
        for is_hostile in [false, true] {
            let mut phase = measure(&order, address, is_hostile, &numbers).await?;
            phase.memory = Memory::of(receiver.id()?)?;
            report.add(is_hostile, phase);
        }
    }
    report.store_bytes = bytes_of(directory.path());
    receiver.terminate().await?;
    place.close().await?;
    Ok(report)
}

async fn measure(
    order: &FloodOrder,
    address: SocketAddr,
    is_hostile: bool,
    numbers: &Arc<AtomicU64>,
) -> Result<Phase> {
    let tally = Arc::new(Tally::default());
    let key = Arc::new(key()?);
    let mut work = JoinSet::new();
    for line in 0..LINES {
        let pace = pace(LINES, order.proven_a_second)?;
        let (tally, numbers, key) = (Arc::clone(&tally), Arc::clone(numbers), Arc::clone(&key));
        work.spawn(prove(address, line, pace, key, numbers, tally));
    }
    for _ in 0..STRANGERS_LINES {
        if is_hostile {
            let pace = pace(STRANGERS_LINES, order.a_second)?;
            work.spawn(flood(
                address,
                pace,
                work_of(order.stranger)?,
                Arc::clone(&tally),
            ));
        }
    }
    let begun = now();
    tokio::time::sleep(order.phase).await;
    tally.stops.store(true, Ordering::SeqCst);
    let elapsed = begun.elapsed();
    while let Some(done) = work.join_next().await {
        done??;
    }
    let answered = tally
        .answered
        .lock()
        .map_err(|_| failure("a task failed"))?;
    Ok(Phase {
        elapsed,
        calls: answered.clone(),
        failed_calls: tally.failed.load(Ordering::SeqCst),
        taken: tally.taken.load(Ordering::SeqCst),
        turned_away: tally.turned_away.load(Ordering::SeqCst),
        ..Phase::default()
    })
}

/// The pause between two hooks of one connection.
fn pace(lines: usize, a_second: u32) -> Result<Duration> {
    Ok(Duration::from_secs(1) * u32::try_from(lines)? / a_second.max(1))
}

/// Proven hooks, each when it is due: the latency counts from then.
async fn prove(
    address: SocketAddr,
    conversation: usize,
    pace: Duration,
    key: Arc<ChatHookKey>,
    numbers: Arc<AtomicU64>,
    tally: Arc<Tally>,
) -> Result<()> {
    let (mut line, mut beat) = (Line::default(), interval(pace));
    while !tally.stops.load(Ordering::SeqCst) {
        let due = beat.tick().await;
        let number = numbers.fetch_add(1, Ordering::SeqCst);
        let hook = HookName {
            conversation,
            number,
        };
        let request = HookRequest::chat(&key, hook);
        match line.send(address, &request).await {
            Ok(200) => {
                let mut answered = tally
                    .answered
                    .lock()
                    .map_err(|_| failure("a task failed"))?;
                answered.push(due.elapsed());
            }
            _ => {
                tally.failed.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    Ok(())
}

fn work_of(stranger: Stranger) -> Result<HookRequest> {
    if stranger == Stranger::CrmHooks {
        return Ok(HookRequest {
            path: crm_paths()?.path_of(AccountId::from_number(7)?),
            fields: String::new(),
            body: "account[id]=7&account[subdomain]=shop&leads[status][0][id]=777".to_owned(),
        });
    }
    let forger = ChatHookKey::new(&ChannelSecret::new("not-the-secret-of-the-channel")?);
    let hook = HookName {
        conversation: 0,
        number: 0,
    };
    Ok(HookRequest::chat(&forger, hook))
}

async fn flood(
    address: SocketAddr,
    pace: Duration,
    request: HookRequest,
    tally: Arc<Tally>,
) -> Result<()> {
    let (mut line, mut beat) = (Line::default(), interval(pace));
    while !tally.stops.load(Ordering::SeqCst) {
        beat.tick().await;
        let count = match line.send(address, &request).await {
            Ok(200) => &tally.taken,
            _ => &tally.turned_away,
        };
        count.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

/// The files of a database that is one.
fn bytes_of(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory).into_iter().flatten();
    let sizes = files.filter_map(|file| file.ok()?.metadata().ok());
    sizes
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}
