//! Stops the holder of a grant's lock (SIGSTOP) while the only valid pair is on its way to it, and
//! lets it continue (SIGCONT).
//!
//! ```text
//!   holder:  record ─ send ────────── stopped ────────────── goes on ─ save: newest, or spare behind the fence
//!   sandbox:             commit ─ answer waits for it
//!   others:                              "busy" in time;      on PostgreSQL they take over when the lock's session ends
//! ```

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::path::PathBuf;

use kommo_oauth::grant::GrantKey;
use kommo_sandbox::{Fault, FaultKind, Rotation, Surface};
use kommo_store::Store;
use tokio::time::interval;

use crate::failure::{Result, ensure, failure};
use crate::fleet::Fleet;
use crate::fleet_clock::PACE;
use crate::fleet_store::{FleetStore, settings};
use crate::scene::{LIFETIME_SECONDS, Scene, World};
use crate::store_choice::{StoreChoice, drop_database, new_database};
use crate::story::Attempts;
use crate::worker_message::{Called, WorkerMessage};
use crate::worker_order::{StorePlace, Work, WorkerOrder};

/// On PostgreSQL: short, so that the server gives the silent session up after three seconds, and
/// long enough for a slow machine.
const SHORT_REQUEST_LIMIT: Duration = Duration::from_secs(1);

/// On SQLite it has no effect.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);

const WORK: Work = Work::Rounds {
    grants: None,
    tasks: 1,
    calls: true,
};

const HOLDER: usize = 0;
const OTHERS: [usize; 2] = [1, 2];

/// Rounds of the others while the holder is stopped; each takes at most two seconds of real time.
const ROUNDS_AT_MOST: u64 = 20;

/// Far more than a continued process needs, on a busy machine too.
const SAVED_WITHIN: Duration = Duration::from_secs(60);

/// The result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoppedReport {
    /// Rounds in which the others learned that the grant is busy.
    pub busy_rounds: u64,
    /// Whether another worker took over before the holder continued.
    pub taken_over: bool,
    /// Whether the holder's pair came too late (the fence) and was kept as a spare.
    pub spare_kept: bool,
    /// Refreshes that the sandbox committed until then.
    pub refreshes: u64,
    /// Second ones with the same refresh token.
    pub double_refreshes: u64,
    /// Declared retries.
    pub declared_retries: u64,
}

/// Drives, under a reading in which the old refresh token stays valid.
///
/// # Errors
///
/// A worker waited for ever, the grant was lost, or the workers disagree at the end; or something
/// could not be started.
pub async fn run(program: PathBuf, store: StoreChoice) -> Result<StoppedReport> {
    let world = World::new(Rotation::UntilRefreshUsed).await?;
    match &store {
        StoreChoice::Sqlite => {
            let place = world.sqlite();
            let StorePlace::Sqlite(path) = &place else {
                return Err(failure("a place of sqlite is a path"));
            };
            let store = Store::open(path, settings(REQUEST_LIMIT, 1)).await?;
            let scene = Scene::new(world, store)?;
            let worker = scene.world.order(&place, WORK, REQUEST_LIMIT)?;
            drive(program, scene, worker, false).await
        }
        StoreChoice::Postgres { url: server } => {
            let url = new_database(server).await?;
            let settings = settings(SHORT_REQUEST_LIMIT, 1);
            let store = Store::open(&url, settings).await?;
            let place = StorePlace::Postgres(url.clone());
            let scene = Scene::new(world, store)?;
            let worker = scene.world.order(&place, WORK, SHORT_REQUEST_LIMIT)?;
            let report = drive(program, scene, worker, true).await?;
            drop_database(server, &url).await?;
            Ok(report)
        }
    }
}

async fn drive<S: FleetStore>(
    program: PathBuf,
    scene: Scene<S>,
    worker: WorkerOrder,
    lock_ends_by_itself: bool,
) -> Result<StoppedReport> {
    let keys = scene.grants(1).await?;
    let [key] = keys.as_slice() else {
        return Err(failure("one grant was ordered"));
    };
    let fleet = Fleet::start(program, vec![worker; 1 + OTHERS.len()]).await?;
    let mut drive = Drive {
        scene,
        fleet,
        key: *key,
        round: 0,
    };
    drive.stop_the_holder().await?;
    let mut report = drive.watch_the_others(lock_ends_by_itself).await?;
    drive.go_on(&mut report).await?;
    Ok(report)
}

fn is_spare_kept(story: &[String]) -> bool {
    story.iter().any(|line| line == "spare-kept")
}

struct Drive<S: FleetStore> {
    scene: Scene<S>,
    fleet: Fleet,
    key: GrantKey,
    round: u64,
}

/// What one worker reported in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Generation(u64),
    Nothing(String),
}

impl Got {
    /// The grant is busy: with another worker, or on a slow machine with a flight of this one that
    /// is about to report so.
    fn passes(&self) -> bool {
        matches!(self, Self::Nothing(why) if why == "busy" || why == "still-running")
    }
}

impl<S: FleetStore> Drive<S> {
    /// The token has expired, the sandbox has committed the refresh, the answer waits, and so does
    /// the holder.
    async fn stop_the_holder(&mut self) -> Result<()> {
        let world = &self.scene.world;
        let hold = Fault::new(FaultKind::Hold).on(Surface::Token).times(1);
        world.inject(hold);
        world.advance(LIFETIME_SECONDS + 1)?;
        self.round += 1;
        self.fleet.go(HOLDER, self.round).await?;
        let mut look = interval(Duration::from_millis(2));
        while self.scene.world.sandbox.counters().refreshes == 0 {
            look.tick().await;
        }
        self.fleet.signal(HOLDER, "STOP").await?;
        self.scene.world.sandbox.release();
        Ok(())
    }

    /// The others ask, again and again. They always get an answer, and while the lock is held it is
    /// "busy".
    async fn watch_the_others(&mut self, lock_ends_by_itself: bool) -> Result<StoppedReport> {
        let mut report = StoppedReport::default();
        let rounds = if lock_ends_by_itself {
            ROUNDS_AT_MOST
        } else {
            2
        };
        for _ in 0..rounds {
            let got = self.round_of(&OTHERS).await?;
            if got.values().all(Got::passes) {
                report.busy_rounds += 1;
            }
            if got.values().all(|got| matches!(got, Got::Generation(_))) {
                report.taken_over = true;
                break;
            }
        }
        Ok(report)
    }

    /// A round of some workers, with the virtual clock running, so that every wait ends.
    async fn round_of(&mut self, places: &[usize]) -> Result<BTreeMap<usize, Got>> {
        self.round += 1;
        for place in places {
            self.fleet.go(*place, self.round).await?;
        }
        self.hear(places).await
    }

    async fn hear(&mut self, places: &[usize]) -> Result<BTreeMap<usize, Got>> {
        let mut tick = interval(Duration::from_secs(1) / PACE);
        let mut busy: Vec<usize> = places.to_vec();
        let mut got = BTreeMap::new();
        while !busy.is_empty() {
            tokio::select! {
                message = self.fleet.next() => match message? {
                    (place, WorkerMessage::Done { .. }) => busy.retain(|other| *other != place),
                    (place, WorkerMessage::Token { generation, call, .. }) => {
                        ensure(call == Called::Alive, || {
                            format!("worker {place}: the call with its token was {call:?}")
                        })?;
                        got.insert(place, Got::Generation(generation));
                    }
                    (place, WorkerMessage::NoToken { why, .. }) => {
                        got.insert(place, Got::Nothing(why));
                    }
                    (place, message) => {
                        return Err(failure(format!("worker {place} sent {message:?}")));
                    }
                },
                _ = tick.tick() => self.scene.world.advance(1)?,
            }
        }
        Ok(got)
    }

    /// The holder continues; its pair is saved, as the newest pair or as a spare. Then all agree,
    /// at the next expiry too.
    async fn go_on(&mut self, report: &mut StoppedReport) -> Result<()> {
        self.fleet.signal(HOLDER, "CONT").await?;
        let got = self.hear(&[HOLDER]).await?;
        // By its clock its caller may have waited long enough; its own flight continues without it.
        let is_fair = match got.get(&HOLDER) {
            Some(Got::Generation(_)) => true,
            Some(got) => got.passes(),
            None => false,
        };
        ensure(is_fair, || format!("the holder that went on got {got:?}"))?;
        if report.taken_over {
            self.late_pair_is_saved().await?;
        }
        self.agree().await?;
        let story = self.scene.keeper.store().story(&self.key).await?;
        let counters = self.scene.world.sandbox.counters();
        report.spare_kept = is_spare_kept(&story);
        report.refreshes = counters.refreshes;
        report.double_refreshes = counters.double_refreshes;
        report.declared_retries = Attempts::of_story(&story).declared_retries;
        self.scene.world.advance(LIFETIME_SECONDS + 1)?;
        self.agree().await?;
        let lost = self.scene.world.sandbox.counters().lost_grants;
        ensure(lost == 0, || {
            format!("the sandbox counts {lost} lost grants")
        })?;
        self.scene.ensure_state(&self.key, "active").await
    }

    /// The holder's caller may have its token, from the store, before its own flight has saved the
    /// late pair.
    async fn late_pair_is_saved(&self) -> Result<()> {
        let store = self.scene.keeper.store();
        let mut look = interval(Duration::from_millis(20));
        let saved = async {
            while !is_spare_kept(&store.story(&self.key).await?) {
                look.tick().await;
            }
            Ok(())
        };
        let within = tokio::time::timeout(SAVED_WITHIN, saved).await;
        within.unwrap_or_else(|_| Err(failure("the holder that went on did not save its pair")))
    }

    async fn agree(&mut self) -> Result<()> {
        let got = self.round_of(&[HOLDER, OTHERS[0], OTHERS[1]]).await?;
        let first = got.get(&HOLDER);
        let is_one = matches!(first, Some(Got::Generation(_)))
            && got.len() == 3
            && got.values().all(|got| Some(got) == first);
        ensure(is_one, || format!("the workers do not agree: {got:?}"))
    }
}
