//! Kills workers with SIGKILL around their refreshes, again and again, and shows what becomes of
//! the grants.
//!
//! ```text
//!   advance the clock ─ go ─ kill one at a random moment ─ a new one takes its place ─ all done ─ judge ─┐
//!        └─────────────────────────────── until there were enough kills ────────────────────────────────┘
//!   then without faults and kills, until every worker has a living token for every grant
//! ```
//!
//! Under the lenient readings no grant may be lost. Under the strict one a grant is lost if, and
//! only if, the sandbox's living pair was never used and is not in the store: the server had
//! committed, and the answer died with the worker. The sandbox counts such grants itself, and each
//! loss that a worker reports must be one that it counts.

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use fastrand::Rng;
use kommo_oauth::grant::GrantKey;
use kommo_sandbox::{Fault, FaultKind, Rotation, Surface};
use kommo_store::Store;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::crash_report::CrashReport;
use crate::failure::{Result, ensure, failure};
use crate::fleet::Fleet;
use crate::fleet_clock::PACE;
use crate::fleet_store::{FleetStore, settings};
use crate::scene::{LIFETIME_SECONDS, Scene, World};
use crate::store_choice::{LockChoice, StoreChoice, drop_database, new_database};
use crate::story::Attempts;
use crate::worker_message::{Called, WorkerMessage};
use crate::worker_order::{StorePlace, Work, WorkerOrder};

const WORKERS: usize = 3;
const GRANTS: u64 = 4;
const REQUEST_LIMIT: Duration = Duration::from_secs(20);

/// Rounds without faults after which everything must be settled.
const SETTLE_AT_MOST: u64 = 8;

/// Half an hour before its end a token is due and still valid.
const DUE_SECONDS: u64 = LIFETIME_SECONDS - 1800;

/// What to drive.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "unpublished; the programs and the tests make it field by field"
)]
pub struct CrashOrder {
    /// The worker program.
    pub program: PathBuf,
    /// The database.
    pub store: StoreChoice,
    /// How it keeps its locks.
    pub lock: LockChoice,
    /// What a newer pair does to an older.
    pub rotation: Rotation,
    /// How many workers to kill.
    pub kills: u64,
    /// The seed of the drive's choices.
    pub seed: u64,
}

/// Drives, and checks every promise on the way.
///
/// # Errors
///
/// A promise was broken, with the evidence; or something could not be started.
pub async fn run(order: CrashOrder) -> Result<CrashReport> {
    let world = World::new(order.rotation).await?;
    match &order.store {
        StoreChoice::Sqlite => {
            let place = world.sqlite();
            let StorePlace::Sqlite(path) = &place else {
                return Err(failure("a place of sqlite is a path"));
            };
            let store = Store::open(path, settings(REQUEST_LIMIT, 1)).await?;
            drive(&order, Scene::new(world, store)?, place).await
        }
        StoreChoice::Postgres { url: server } => {
            let url = new_database(server).await?;
            let settings = settings(REQUEST_LIMIT, 1);
            let store = Store::open(&url, settings).await?;
            let place = StorePlace::Postgres(url.clone());
            let report = drive(&order, Scene::new(world, store)?, place).await?;
            drop_database(server, &url).await?;
            Ok(report)
        }
    }
}

async fn drive<S: FleetStore>(
    order: &CrashOrder,
    scene: Scene<S>,
    place: StorePlace,
) -> Result<CrashReport> {
    let keys = scene.grants(GRANTS).await?;
    let work = Work::Rounds {
        grants: None,
        tasks: 1,
        calls: true,
    };
    let worker = scene.world.order(&place, work, REQUEST_LIMIT)?;
    let worker = WorkerOrder {
        lock: order.lock,
        ..worker
    };
    let fleet = Fleet::start(order.program.clone(), vec![worker; WORKERS]).await?;
    let mut drive = Drive {
        order,
        scene,
        fleet,
        keys,
        rng: Rng::with_seed(order.seed),
        report: CrashReport {
            seed: order.seed,
            ..CrashReport::default()
        },
        usual: Duration::ZERO,
        counted: 0,
        excuses: 0,
        excuses_before: 0,
        known_lost: HashSet::new(),
    };
    drive.warm_up().await?;
    while drive.report.kills < order.kills {
        drive.round_with_kills().await?;
    }
    drive.settle().await?;
    drive.close().await
}

struct Drive<'a, S: FleetStore> {
    order: &'a CrashOrder,
    scene: Scene<S>,
    fleet: Fleet,
    keys: Vec<GrantKey>,
    rng: Rng,
    report: CrashReport,
    /// How long a round takes, about: kills fall into that time.
    usual: Duration,
    /// Refresh requests that the sandbox had counted before this round.
    counted: u64,
    /// Answers that this round loses on purpose, and refreshes that it does not wait for.
    excuses: u64,
    /// Kills and the like of the round before.
    excuses_before: u64,
    /// Valid pairs that will never be used, by fingerprint.
    known_lost: HashSet<String>,
}

/// What the workers reported in a round.
#[derive(Default)]
struct Heard {
    /// Grants that a worker said need a new consent.
    ended: BTreeSet<String>,
    /// How many workers got a living token, by grant.
    alive: HashMap<String, usize>,
}

impl<S: FleetStore> Drive<'_, S> {
    fn is_strict(&self) -> bool {
        self.order.rotation == Rotation::Strict
    }

    /// Connections and caches as they usually are, and the length of a round.
    async fn warm_up(&mut self) -> Result<()> {
        for _ in 0..3 {
            self.scene.world.advance(LIFETIME_SECONDS + 1)?;
            let heard = self.round(0).await?;
            self.judge(&heard, 0).await?;
        }
        Ok(())
    }

    async fn round_with_kills(&mut self) -> Result<()> {
        let expired = self.rng.u8(..4) > 0;
        let seconds = if expired {
            LIFETIME_SECONDS + 1
        } else {
            DUE_SECONDS
        };
        self.scene.world.advance(seconds)?;
        // A token that is only due is refreshed while its callers continue.
        self.excuses += u64::from(!expired);
        self.order_faults();
        let wanted = self.order.kills - self.report.kills;
        let kills = u64::from(self.rng.u8(1..=2)).min(wanted);
        let heard = self.round(kills).await?;
        self.judge(&heard, kills).await
    }

    /// I5 as the platform sees it, whatever the records declare: a round needs one request for a
    /// grant, and one more for each kill and each lost answer, of this round or of the one before.
    /// More come only of workers that send beside each other.
    fn judge_requests(&mut self, kills: u64) -> Result<()> {
        let counted = self.scene.world.sandbox.counters().refresh_requests;
        let sent = counted - core::mem::replace(&mut self.counted, counted);
        let excuses = kills + core::mem::take(&mut self.excuses);
        let before = core::mem::replace(&mut self.excuses_before, excuses);
        let allowed = GRANTS * (1 + excuses + before);
        ensure(sent <= allowed, || {
            format!(
                "{sent} refresh requests in a round of {GRANTS} grants with {excuses} kills and lost answers, {before} in the round \
                 before: workers send beside each other"
            )
        })
    }

    /// Slow answers widen the window between commit and save. Under the lenient readings answers
    /// are lost and connections cut too; under the strict one that would lose grants without any
    /// kill.
    fn order_faults(&mut self) {
        let world = &self.scene.world;
        world.sandbox.clear_faults();
        let slow = Fault::new(FaultKind::Slow).on(Surface::Token);
        match self.rng.u8(..8) {
            0..3 => {}
            6 if !self.is_strict() => {
                self.excuses += 1;
                world.inject(
                    Fault::new(FaultKind::DropAfterCommit)
                        .on(Surface::Token)
                        .times(1),
                );
            }
            7 if !self.is_strict() => {
                self.excuses += 1;
                world.inject(Fault::new(FaultKind::Cut).on(Surface::Token).times(1));
            }
            _ => world.inject(
                slow.delay_ms(self.rng.u64(1..60))
                    .times(self.rng.u32(1..=4)),
            ),
        }
    }

    /// Moments of the kills of one round, the first one first.
    fn moments(&mut self, kills: u64) -> Vec<Instant> {
        let length = self.usual.as_micros() * 5 / 4;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let mut after: Vec<u64> = (0..kills).map(|_| self.rng.u64(..=length)).collect();
        after.sort_unstable();
        #[allow(
            clippy::disallowed_methods,
            reason = "a kill falls at a real moment; nothing is measured or promised by it"
        )]
        let now = Instant::now();
        let moment = |micros: u64| now + Duration::from_micros(micros);
        after.into_iter().map(moment).collect()
    }

    /// One round: until every worker has reported that it is done.
    async fn round(&mut self, kills: u64) -> Result<Heard> {
        self.report.rounds += 1;
        let round = self.report.rounds;
        let mut moments = self.moments(kills).into_iter().peekable();
        let mut tick = interval(Duration::from_secs(1) / PACE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Heard::default();
        let mut busy: BTreeSet<usize> = (0..WORKERS).collect();
        self.fleet.go_all(round).await?;
        let begun = tick.tick().await;
        while !busy.is_empty() || moments.peek().is_some() {
            let moment = moments.peek().copied();
            tokio::select! {
                message = self.fleet.next() => {
                    let (place, message) = message?;
                    self.hear(&mut heard, &mut busy, place, round, message).await?;
                }
                () = sleep_until(moment.unwrap_or(begun)), if moment.is_some() => {
                    moments.next();
                    let place = self.rng.usize(..WORKERS);
                    self.fleet.replace(place).await?;
                    self.report.kills += 1;
                    busy.insert(place);
                }
                _ = tick.tick() => self.scene.world.advance(1)?,
            }
        }
        if kills == 0 {
            self.usual = begun.elapsed();
        }
        Ok(heard)
    }

    async fn hear(
        &mut self,
        heard: &mut Heard,
        busy: &mut BTreeSet<usize>,
        place: usize,
        round: u64,
        message: WorkerMessage,
    ) -> Result<()> {
        match message {
            WorkerMessage::Ready => self.fleet.go(place, round).await?,
            WorkerMessage::Done { round: done } if done == round => {
                busy.remove(&place);
            }
            WorkerMessage::Token { grant, call, .. } => {
                self.report.tokens += 1;
                ensure(call != Called::Unauthorized, || {
                    format!("grant {grant}: the sandbox refuses the token that the keeper gave")
                })?;
                if call == Called::Alive {
                    *heard.alive.entry(grant).or_default() += 1;
                }
            }
            WorkerMessage::NoToken {
                grant, why, reason, ..
            } => match (why.as_str(), reason.as_str()) {
                ("reauth-required", "revoked") => {
                    heard.ended.insert(grant);
                }
                // They are temporary; at the end no worker may report one any more. A wait of the
                // keeper passes by the drive's clock, in a few real seconds: on a busy machine it
                // ends before a flight does.
                ("busy" | "in-doubt" | "unreachable" | "contended" | "still-running", _) => {}
                _ => {
                    return Err(failure(format!("grant {grant}: no token: {why} {reason}")));
                }
            },
            WorkerMessage::Done { .. } | WorkerMessage::Finished(_) => {}
        }
        Ok(())
    }

    /// Grants that ended: each with its evidence, and then with a new consent.
    async fn judge(&mut self, heard: &Heard, kills: u64) -> Result<()> {
        self.judge_requests(kills)?;
        for grant in &heard.ended {
            let key = GrantKey::parse(grant)?;
            ensure(self.is_strict(), || {
                format!("grant {grant} is lost, though the old refresh token continues to work")
            })?;
            ensure(kills > 0, || {
                format!("grant {grant} is lost in a round without a kill")
            })?;
            self.check_evidence(&key).await?;
            self.report.lost += 1;
            let user: u64 = key.user_id.to_string().parse()?;
            self.scene.consent(user).await?;
        }
        Ok(())
    }

    /// The sandbox has a valid pair that was never used, and the store does not have it.
    async fn check_evidence(&mut self, key: &GrantKey) -> Result<()> {
        self.scene.ensure_state(key, "reauth-required").await?;
        let stored = self.scene.stored_fingerprints(key).await?;
        let mut is_new = false;
        let view = self.scene.world.view(key)?;
        ensure(view.lost || view.abandoned, || {
            format!("grant {key} was given up, and the sandbox does not count it as lost")
        })?;
        for pair in view.living {
            let is_unused = pair.refreshes == 0 && !pair.access_used;
            ensure(is_unused && !stored.contains(&pair.fingerprint), || {
                format!("grant {key} was given up while the store held a living pair")
            })?;
            is_new |= self.known_lost.insert(pair.fingerprint);
        }
        ensure(is_new, || {
            format!("grant {key}: the sandbox has no pair whose answer was lost")
        })
    }

    /// Without faults and kills, until all is well.
    async fn settle(&mut self) -> Result<()> {
        self.scene.world.sandbox.clear_faults();
        for rounds in 1..=SETTLE_AT_MOST {
            self.scene.world.advance(LIFETIME_SECONDS + 1)?;
            // What a kill of the last round lost is a doubt in the first one without, as the killed
            // worker might have lost its lock alone, and is found out in the second.
            let heard = self.round(0).await?;
            self.judge(&heard, u64::from(rounds <= 2)).await?;
            let is_alive = |key: &GrantKey| heard.alive.get(&key.to_string()) == Some(&WORKERS);
            if self.keys.iter().all(is_alive) {
                self.report.settled_after = rounds;
                return Ok(());
            }
        }
        Err(failure(format!(
            "not settled after {SETTLE_AT_MOST} rounds without faults"
        )))
    }

    async fn close(mut self) -> Result<CrashReport> {
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
            self.report.attempts += attempts.begun;
            self.report.declared_retries += attempts.declared_retries;
        }
        let counters = self.scene.world.sandbox.counters();
        let left = counters.lost_grants + counters.abandoned_grants;
        ensure(left == 0, || {
            format!("the sandbox counts {left} lost grants that no worker reported")
        })?;
        self.report.refreshes = counters.refreshes;
        self.report.double_refreshes = counters.double_refreshes;
        Ok(self.report)
    }
}
