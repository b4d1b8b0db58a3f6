//! Kills those who receive and handle hooks, and makes their database fail, while hooks are sent;
//! then shows that each hook that was answered 200 is handled, in the order of its conversation.
//!
//! ```text
//!   conversations ── hooks, one after the other ──> receivers ──> inbox, spool ──> workers ──> ledger
//!                                                      ✗              ✗               ✗
//!   then without blows, until nothing waits; then the ledger is judged
//! ```

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use kommo_account::Realm;
use kommo_store::Inbox;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::failing_place::FailingPlace;
use crate::failure::{Result, ensure, failure};
use crate::hook_sender::{Sending, converse};
use crate::inbox_fleet::InboxProcess;
use crate::inbox_order::{InboxOrder, InboxRole};
use crate::inbox_process::{LEASE, inbox_name, inbox_settings, key, open_store};
use crate::inbox_report::InboxReport;
use crate::ledger::{HookName, judge};
use crate::store_choice::StoreChoice;
use crate::trouble::{Means, TroubleKind};

const RECEIVERS: usize = 2;
const WORKERS: usize = 3;
const CONVERSATIONS: usize = 12;

/// The pause between two blows.
const CALM_MILLISECONDS: core::ops::Range<u64> = 20..250;
/// Nothing may stand still for longer when no blow falls.
const STANDSTILL: Duration = Duration::from_secs(60);

/// What to drive.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "unpublished; the programs and the tests make it field by field"
)]
pub struct InboxCrashOrder {
    /// The program of the processes.
    pub program: PathBuf,
    /// The database.
    pub store: StoreChoice,
    /// What befalls it, beside the processes.
    pub trouble: Option<TroubleKind>,
    /// A mistake on purpose: receivers answer before they keep.
    pub answers_first: bool,
    /// How many blows fall: kills, ends and stops, and failures of the database.
    pub blows: u64,
    /// The seed of the drive's choices.
    pub seed: u64,
}

/// Drives. What the report counts as lost, out of order or settled late is a broken promise.
///
/// # Errors
///
/// Something could not be started, a process ended by itself, or hooks stand still.
pub async fn run(order: InboxCrashOrder) -> Result<InboxReport> {
    let directory = tempfile::Builder::new().prefix("kommo-inbox").tempdir()?;
    let mut place = FailingPlace::new(&order.store, order.trouble, directory.path()).await?;
    let mut drive = Drive::new(&order, &place, directory).await?;
    let mut means = place.means.take();
    let (sending, mut conversations) = drive.send()?;
    let driven = drive.blows(means.as_mut(), order.blows).await;
    sending.stops.store(true, Ordering::SeqCst);
    driven?;
    let mut answered = BTreeSet::new();
    while let Some(ended) = conversations.join_next().await {
        answered.extend(ended??);
    }
    drive.settle().await?;
    let report = drive.close(&sending, &answered).await?;
    drop(means);
    place.close().await?;
    Ok(report)
}

/// The senders, and what was answered 200 to each.
type Conversations = JoinSet<Result<Vec<HookName>>>;

struct Drive {
    processes: Vec<InboxProcess>,
    /// The driver's own, to see how many wait.
    inbox: Inbox,
    spool: PathBuf,
    ledger: PathBuf,
    rng: Rng,
    report: InboxReport,
    _directory: TempDir,
}

/// The instants are real ones: what is driven are processes.
#[allow(clippy::disallowed_methods, reason = "blows fall at real moments")]
fn now() -> Instant {
    Instant::now()
}

impl Drive {
    async fn new(
        order: &InboxCrashOrder,
        place: &FailingPlace,
        directory: TempDir,
    ) -> Result<Self> {
        let (spool, ledger) = (
            directory.path().join("spool"),
            directory.path().join("ledger"),
        );
        // Before the processes: it makes the tables.
        let store = open_store(&place.own).await?;
        let inbox = Inbox::new(&store, Realm::Real, inbox_name()?, inbox_settings());
        let receives = match order.answers_first {
            true => InboxRole::ReceivesAndAnswersFirst,
            false => InboxRole::Receives,
        };
        let mut processes = Vec::new();
        for number in 0..RECEIVERS + WORKERS {
            let order_of = InboxOrder {
                role: if number < RECEIVERS {
                    receives
                } else {
                    InboxRole::Works
                },
                store: place.workers.clone(),
                spool: spool.clone(),
                ledger: ledger.clone(),
            };
            processes.push(InboxProcess::start(order.program.clone(), order_of).await?);
        }
        Ok(Self {
            processes,
            inbox,
            spool,
            ledger,
            rng: Rng::with_seed(order.seed),
            report: InboxReport {
                seed: order.seed,
                trouble: order.trouble,
                ..InboxReport::default()
            },
            _directory: directory,
        })
    }

    /// Begins to send. A conversation stays with its receiver, also when that was replaced: two
    /// receivers at once make no promise about the order between them.
    fn send(&mut self) -> Result<(Arc<Sending>, Conversations)> {
        let (sending, key) = (Arc::new(Sending::default()), Arc::new(key()?));
        let mut conversations = JoinSet::new();
        for conversation in 0..CONVERSATIONS {
            let receiver = self.processes.get(conversation % RECEIVERS);
            let receiver = receiver.ok_or_else(|| failure("there is no receiver"))?;
            conversations.spawn(converse(
                conversation,
                Arc::clone(&key),
                receiver.address(),
                Arc::clone(&sending),
                self.rng.fork(),
            ));
        }
        Ok((sending, conversations))
    }

    async fn blows(&mut self, mut means: Option<&mut Means>, blows: u64) -> Result<()> {
        for _ in 0..blows {
            sleep(Duration::from_millis(self.rng.u64(CALM_MILLISECONDS))).await;
            let victim = self.rng.usize(..self.processes.len());
            match &mut means {
                Some(means) if self.rng.bool() => self.fail(means, victim).await?,
                _ => self.strike(victim).await?,
            }
        }
        Ok(())
    }

    /// The database fails for a while, and now and then a process dies meanwhile.
    async fn fail(&mut self, means: &mut Means, victim: usize) -> Result<()> {
        means.begin(&mut self.rng).await?;
        let length = means.length(&mut self.rng);
        let dies = self.rng.u8(..3) == 0;
        sleep(length / 2).await;
        if dies {
            self.process(victim)?.kill().await?;
            self.report.killed += 1;
        }
        sleep(length / 2).await;
        self.report.met += u64::from(means.end().await?);
        self.report.failures += 1;
        if dies {
            self.revive(victim).await?;
        }
        Ok(())
    }

    async fn strike(&mut self, victim: usize) -> Result<()> {
        let (choice, length) = (self.rng.u8(..8), LEASE.mul_f64(1.1 + self.rng.f64()));
        let process = self.process(victim)?;
        match choice {
            0 if process.is_worker() => {
                process.signal("STOP").await?;
                sleep(length).await;
                process.signal("CONT").await?;
                self.report.stopped += 1;
                return Ok(());
            }
            1 | 2 => {
                process.terminate().await?;
                self.report.terminated += 1;
            }
            _ => {
                process.kill().await?;
                self.report.killed += 1;
            }
        }
        self.revive(victim).await
    }

    /// A process that starts while the database recovers ends, and is started again.
    async fn revive(&mut self, victim: usize) -> Result<()> {
        let begun = now();
        let process = self.process(victim)?;
        while let Err(error) = process.restart().await {
            ensure(begun.elapsed() < STANDSTILL, || {
                format!("a process does not start: {error}")
            })?;
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    fn process(&mut self, number: usize) -> Result<&mut InboxProcess> {
        let process = self.processes.get_mut(number);
        process.ok_or_else(|| failure(format!("there is no process {number}")))
    }

    /// Without blows, until nothing waits.
    async fn settle(&mut self) -> Result<()> {
        let (mut left, mut since) = (None, now());
        loop {
            let depth = self.inbox.depth().await;
            let spooled = spooled(&self.spool)?;
            if let Ok(depth) = &depth {
                ensure(depth.failed == 0, || {
                    format!("{} hooks failed for good", depth.failed)
                })?;
                if (depth.waiting, spooled) == (0, 0) {
                    return Ok(());
                }
            }
            let found = Some((depth.ok().map(|depth| depth.waiting), spooled));
            if found != left {
                (left, since) = (found, now());
            }
            ensure(since.elapsed() < STANDSTILL, || {
                format!("hooks stand still: waiting, and groups in the spool: {left:?}")
            })?;
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn close(
        mut self,
        sending: &Sending,
        answered: &BTreeSet<HookName>,
    ) -> Result<InboxReport> {
        for process in &mut self.processes {
            process.terminate().await?;
        }
        let count = |counter: &core::sync::atomic::AtomicU64| counter.load(Ordering::SeqCst);
        Ok(InboxReport {
            sent: count(&sending.sent),
            refused: count(&sending.refused),
            without_answer: count(&sending.without_answer),
            answered: u64::try_from(answered.len())?,
            judgement: judge(&self.ledger, answered)?,
            ..self.report.clone()
        })
    }
}

/// How many groups of hooks are in the spool, those that were set aside among them.
fn spooled(directory: &Path) -> Result<usize> {
    let mut groups = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        groups += usize::from(matches!(ending, Some("hooks" | "damaged")));
    }
    Ok(groups)
}
