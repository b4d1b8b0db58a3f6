//! Makes the store fail under its workers, again and again, under the strict reading of rotation,
//! and shows that no grant is lost.
//!
//! ```text
//!   tokens expire ─ go ─ the store fails at a random moment ─ it works again ─ all have answered ─ judge ─┐
//!        └──────────────────────────── until it has failed often enough ─────────────────────────────────┘
//!   then without trouble, until every worker has a living token for every grant
//! ```
//!
//! No process dies, so each pair that the sandbox has given out must reach the store: by way of
//! memory, or of the lifeboat.

use alloc::collections::BTreeSet;
use core::fmt;
use core::time::Duration;
use std::collections::HashMap;
use std::path::PathBuf;

use fastrand::Rng;
use kommo_oauth::grant::GrantKey;
use kommo_sandbox::{Fault, FaultKind, Rotation, Surface};
use kommo_store::Store;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::failing_place::FailingPlace;
use crate::failure::{Result, ensure, failure};
use crate::fleet::{Fleet, Starting};
use crate::fleet_clock::PACE;
use crate::fleet_store::{FleetStore, settings};
use crate::scene::{LIFETIME_SECONDS, Scene, World};
use crate::store_choice::StoreChoice;
use crate::story::Attempts;
use crate::trouble::{Means, TroubleKind};
use crate::worker_message::{Called, WorkerMessage};
use crate::worker_order::{StorePlace, Work, WorkerOrder};

const WORKERS: usize = 3;
const GRANTS: u64 = 4;
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// No worker is without an answer for longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Rounds without trouble after which everything must be settled.
const SETTLE_AT_MOST: u64 = 12;

/// What to drive.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "unpublished; the programs and the tests make it field by field"
)]
pub struct FailingOrder {
    /// The worker program.
    pub program: PathBuf,
    /// The database.
    pub store: StoreChoice,
    /// What befalls it.
    pub trouble: TroubleKind,
    /// How often.
    pub times: u64,
    /// The seed of the drive's choices.
    pub seed: u64,
}

/// The figures of a drive. Every promise was checked on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailingReport {
    /// What befell the store.
    pub trouble: TroubleKind,
    /// How often.
    pub times: u64,
    /// Of those, how often the fault took effect: a disk was used up, or a server on it went down.
    /// The other faults always take effect.
    pub met: u64,
    /// Names the drive's choices.
    pub seed: u64,
    /// Tokens that workers got.
    pub tokens: u64,
    /// Answers without a token, each of them temporary.
    pub without_token: u64,
    /// Refreshes that the sandbox committed.
    pub refreshes: u64,
    /// Of those, second ones with the same refresh token.
    pub double_refreshes: u64,
    /// Attempts that were begun again because the outcome of the one before was unknown.
    pub declared_retries: u64,
    /// The longest time without an answer.
    pub longest_wait: Duration,
    /// Rounds without trouble until every worker had a living token for every grant.
    pub settled_after: u64,
}

impl fmt::Display for FailingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<52}{:>8}", "trouble", self.trouble.name())?;
        let rows = [
            ("seed", self.seed),
            ("times", self.times),
            ("  of them met", self.met),
            ("tokens handed out", self.tokens),
            ("answers without a token, all passing", self.without_token),
            ("refreshes committed by the sandbox", self.refreshes),
            ("  of them double", self.double_refreshes),
            ("declared retries", self.declared_retries),
            ("grants lost", 0),
            ("rounds without trouble until settled", self.settled_after),
        ];
        for (what, count) in rows {
            writeln!(f, "{what:<52}{count:>8}")?;
        }
        let longest = self.longest_wait.as_secs_f64();
        writeln!(
            f,
            "{:<52}{longest:>8.2}",
            "longest wait for an answer, in seconds"
        )
    }
}

/// Drives, and checks every promise on the way.
///
/// # Errors
///
/// A grant was lost, a worker had no answer for a minute, or something could not be started.
pub async fn run(order: FailingOrder) -> Result<FailingReport> {
    let world = World::new(Rotation::Strict).await?;
    let mut place = FailingPlace::new(&order.store, Some(order.trouble), world.directory()).await?;
    let opened = settings(REQUEST_LIMIT, 1);
    let store = match &place.own {
        StorePlace::Sqlite(path) => Store::open(path, opened).await?,
        StorePlace::Postgres(url) => Store::open(url, opened).await?,
    };
    let scene = Scene::new(world, store)?;
    let (lifeboat, means) = (place.home.join("lifeboat"), place.means.take());
    let report = drive(&order, scene, place.workers.clone(), lifeboat, means).await?;
    place.close().await?;
    Ok(report)
}

async fn drive<S: FleetStore>(
    order: &FailingOrder,
    scene: Scene<S>,
    place: StorePlace,
    lifeboat: PathBuf,
    mut means: Option<Means>,
) -> Result<FailingReport> {
    let keys = scene.grants(GRANTS).await?;
    let work = Work::Rounds {
        grants: None,
        tasks: 1,
        calls: true,
    };
    let mut worker = scene.world.order(&place, work, REQUEST_LIMIT)?;
    worker.lifeboat = Some(lifeboat);
    let fleet = Fleet::start(order.program.clone(), vec![worker.clone(); WORKERS]).await?;
    let mut drive = Drive {
        scene,
        fleet,
        keys,
        rng: Rng::with_seed(order.seed),
        round: 0,
        usual: Duration::ZERO,
        slowness: Duration::ZERO,
        last_why: String::new(),
        report: FailingReport {
            trouble: order.trouble,
            times: 0,
            met: 0,
            seed: order.seed,
            tokens: 0,
            without_token: 0,
            refreshes: 0,
            double_refreshes: 0,
            declared_retries: 0,
            longest_wait: Duration::ZERO,
            settled_after: 0,
        },
    };
    drive.warm_up().await?;
    match &mut means {
        Some(means) => drive.fail(means, order.times).await?,
        None => {
            drive
                .stop_starts(&order.program, &worker, order.times)
                .await?
        }
    }
    drive.settle().await?;
    drive.close().await
}

struct Drive<S: FleetStore> {
    scene: Scene<S>,
    fleet: Fleet,
    keys: Vec<GrantKey>,
    rng: Rng,
    round: u64,
    /// How long a round takes, about: the trouble begins in that time.
    usual: Duration,
    /// How long the sandbox holds an answer back in this round.
    slowness: Duration,
    /// Why a worker got no token the last time.
    last_why: String,
    report: FailingReport,
}

/// When something of a drive happens. The instants are real ones: what is driven are processes.
#[allow(
    clippy::disallowed_methods,
    reason = "trouble falls at a real moment, and a wait is a real one; the promise of it is a minute"
)]
fn now() -> Instant {
    Instant::now()
}

impl<S: FleetStore> Drive<S> {
    async fn warm_up(&mut self) -> Result<()> {
        for _ in 0..3 {
            self.scene.world.advance(LIFETIME_SECONDS + 1)?;
            let begun = now();
            self.round(None).await?;
            self.usual = begun.elapsed();
        }
        Ok(())
    }

    async fn fail(&mut self, means: &mut Means, times: u64) -> Result<()> {
        while self.report.times < times {
            self.scene.world.advance(LIFETIME_SECONDS + 1)?;
            self.slow_answers();
            self.round(Some(means)).await?;
            self.report.times += 1;
            // Now and then the workers may find their feet: what was left in memory or in the
            // lifeboat must be saved.
            if self.report.times.is_multiple_of(10) {
                self.settle().await?;
            }
        }
        Ok(())
    }

    /// Slow answers widen the time between commit and save, in which the trouble is to begin.
    fn slow_answers(&mut self) {
        let world = &self.scene.world;
        world.sandbox.clear_faults();
        let slow = Fault::new(FaultKind::Slow).on(Surface::Token);
        let delay_ms = self.rng.u64(1..300);
        world.inject(slow.delay_ms(delay_ms).times(self.rng.u32(1..=4)));
        self.slowness = Duration::from_millis(delay_ms);
    }

    /// One round: until every worker has answered for every grant, and the fault has ended. Returns
    /// how many workers got a living token, by grant.
    async fn round(&mut self, mut means: Option<&mut Means>) -> Result<HashMap<String, usize>> {
        self.round += 1;
        let mut tick = interval(Duration::from_secs(1) / PACE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut busy: BTreeSet<usize> = (0..WORKERS).collect();
        let mut alive = HashMap::new();
        self.fleet.go_all(self.round).await?;
        let begun = now();
        let length = (self.usual + self.slowness).as_micros();
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let mut begins = means
            .is_some()
            .then(|| begun + Duration::from_micros(self.rng.u64(..=length)));
        let mut ends: Option<Instant> = None;
        while !busy.is_empty() || begins.is_some() || ends.is_some() {
            tokio::select! {
                message = self.fleet.next() => {
                    let (place, message) = message?;
                    self.hear(&mut alive, &mut busy, place, message)?;
                    self.report.longest_wait = self.report.longest_wait.max(begun.elapsed());
                }
                () = sleep_until(begins.unwrap_or(begun)), if begins.is_some() => {
                    begins = None;
                    if let Some(means) = &mut means {
                        means.begin(&mut self.rng).await?;
                        ends = Some(now() + means.length(&mut self.rng));
                    }
                }
                () = sleep_until(ends.unwrap_or(begun)), if ends.is_some() => {
                    ends = None;
                    if let Some(means) = &mut means {
                        self.report.met += u64::from(means.end().await?);
                    }
                }
                _ = tick.tick() => {
                    self.scene.world.advance(1)?;
                    let waited = begun.elapsed();
                    ensure(waited < ANSWER_LIMIT, || {
                        format!("workers {busy:?} gave no answer for {} s", waited.as_secs())
                    })?;
                }
            }
        }
        Ok(alive)
    }

    fn hear(
        &mut self,
        alive: &mut HashMap<String, usize>,
        busy: &mut BTreeSet<usize>,
        place: usize,
        message: WorkerMessage,
    ) -> Result<()> {
        match message {
            WorkerMessage::Done { round } if round == self.round => {
                busy.remove(&place);
            }
            WorkerMessage::Token { grant, call, .. } => {
                self.report.tokens += 1;
                ensure(call != Called::Unauthorized, || {
                    format!("grant {grant}: the sandbox refuses the token that the keeper gave")
                })?;
                if call == Called::Alive {
                    *alive.entry(grant).or_default() += 1;
                }
            }
            WorkerMessage::NoToken {
                grant, why, reason, ..
            } => {
                ensure(why != "reauth-required" && why != "revoked", || {
                    format!("grant {grant} is called lost although no process died: {why} {reason}")
                })?;
                self.report.without_token += 1;
                self.last_why = format!("{grant}: {why} {reason}");
            }
            WorkerMessage::Ready | WorkerMessage::Done { .. } | WorkerMessage::Finished(_) => {}
        }
        Ok(())
    }

    /// Starts a worker, stops it at a random moment of its start, and has another one start
    /// meanwhile.
    async fn stop_starts(
        &mut self,
        program: &std::path::Path,
        order: &WorkerOrder,
        times: u64,
    ) -> Result<()> {
        let mut usual = Duration::ZERO;
        for _ in 0..3 {
            let begun = now();
            let mut start = Starting::spawn(program, order)?;
            start.ready(ANSWER_LIMIT).await?;
            usual = begun.elapsed();
        }
        while self.report.times < times {
            let mut stopped = Starting::spawn(program, order)?;
            let length = u64::try_from(usual.as_micros())?;
            let moment = now() + Duration::from_micros(self.rng.u64(..=length));
            sleep_until(moment).await;
            stopped.signal("STOP").await?;
            let begun = now();
            let mut other = Starting::spawn(program, order)?;
            other.ready(ANSWER_LIMIT).await?;
            self.report.longest_wait = self.report.longest_wait.max(begun.elapsed());
            self.scene.world.advance(LIFETIME_SECONDS + 1)?;
            self.round(None).await?;
            stopped.signal("CONT").await?;
            stopped.ready(ANSWER_LIMIT).await?;
            self.report.times += 1;
            self.report.met += 1;
        }
        Ok(())
    }

    /// Without trouble, until all is well.
    async fn settle(&mut self) -> Result<()> {
        self.scene.world.sandbox.clear_faults();
        for rounds in 1..=SETTLE_AT_MOST {
            self.scene.world.advance(LIFETIME_SECONDS + 1)?;
            let alive = self.round(None).await?;
            let is_alive = |key: &GrantKey| alive.get(&key.to_string()) == Some(&WORKERS);
            if self.keys.iter().all(is_alive) {
                self.report.settled_after = rounds;
                return Ok(());
            }
        }
        Err(failure(format!(
            "not settled after {SETTLE_AT_MOST} rounds without trouble; lately {}",
            self.last_why
        )))
    }

    async fn close(mut self) -> Result<FailingReport> {
        for key in &self.keys {
            self.scene.ensure_state(key, "active").await?;
            let view = self.scene.world.view(key)?;
            let story = self.scene.keeper.store().story(key).await?;
            let attempts = Attempts::of_story(&story);
            ensure(view.double_refreshes <= attempts.declared_retries, || {
                format!(
                    "grant {key}: {} double refreshes, {} declared retries",
                    view.double_refreshes, attempts.declared_retries
                )
            })?;
            self.report.declared_retries += attempts.declared_retries;
        }
        let counters = self.scene.world.sandbox.counters();
        let lost = counters.lost_grants + counters.abandoned_grants;
        ensure(lost == 0, || {
            format!("the sandbox counts {lost} lost grants")
        })?;
        self.report.refreshes = counters.refreshes;
        self.report.double_refreshes = counters.double_refreshes;
        Ok(self.report)
    }
}
