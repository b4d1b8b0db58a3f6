//! Carries out one run of the refresh protocol: does what it says, tells it what happened, decides
//! nothing.

use kommo_oauth::{
    GrantEvent, GrantKey, Hold, HoldKind, HoldScope, OutOfTurn, Outcome, RefreshProtocol,
    SendOutcome, Step, SubdomainLookup, TokenAnswer, TokenPair, TokenRefusalKind, TokenRequest,
    TokenRequirement, UnixSeconds, Unmet,
};

use crate::alarm::AlarmKind;
use crate::clock::Clock as _;
use crate::erased::AnyLifeboat;
use crate::grant_store::{GrantStore, StoreError, StoreErrorKind, Written};
use crate::identity::Known;
use crate::metrics::Counter;
use crate::own_holds::Try;
use crate::ports::Ports;

/// A difference between the clocks that is worth an alarm.
const CLOCKS_DIFFER_SECONDS: u64 = 60;

/// Pauses before a pair that lies in the lifeboat is left there: about an hour.
const WAITS_AT_MOST: u32 = 450;

/// The pause between tries to save doubles so often: from a quarter of a second to eight.
const DOUBLINGS_AT_MOST: u32 = 5;

/// Where a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With a look at the record: mostly nothing is to be done.
    Look,
    /// With the lock: the store has just said that the grant is due.
    Lock,
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    /// Whether this run changed something: it asked the platform, or laid a hold. Else it only
    /// found what was there.
    pub(crate) is_news: bool,
}

/// One run, from beginning to end. `holds_pair` is told when it has a pair that is not saved, and
/// when it has it no more. Not to be dropped half way: the keeper gives it a task of its own.
pub(crate) async fn carry_out<S: GrantStore>(
    ports: &Ports<S>,
    start: Start,
    key: GrantKey,
    requirement: TokenRequirement,
    is_leaving: impl Fn() -> bool + Send + Sync,
    holds_pair: impl Fn(bool) + Send + Sync,
) -> Ran {
    let known = ports.identity.get();
    let protocol = RefreshProtocol::new(
        key,
        requirement,
        known.requester,
        ports.settings.policy.clone(),
        ports.new_attempt(),
        ports.lifeboat.is_some(),
    );
    let protocol = match start {
        Start::Look => protocol,
        Start::Lock => protocol.begin_at_lock(),
    };
    let mut run = Run {
        ports,
        known: &known,
        protocol,
        lock: None,
        clocks_differ: None,
        waits: 0,
        save_trouble: StoreErrorKind::Unavailable,
        own_try: None,
        is_news: false,
        is_unsaved_told: false,
    };
    let mut hands = Hands {
        holds_pair: &holds_pair,
        is_full: false,
    };
    loop {
        let stepped = run.step(&is_leaving).await;
        hands.note(run.protocol.unsaved().is_some());
        match stepped {
            Ok(None) => {}
            Ok(Some(outcome)) => {
                return Ran {
                    outcome,
                    is_news: run.is_news,
                };
            }
            Err(OutOfTurn { .. }) => {
                tracing::error!(%key, "the refresh protocol was told out of turn");
                ports.alarm(key, AlarmKind::OutOfTurn);
                return Ran {
                    outcome: Outcome::Unmet {
                        why: Unmet::Contended,
                        usable: None,
                        is_read: false,
                        again_at: None,
                    },
                    is_news: run.is_news,
                };
            }
        }
    }
}

/// Whether a run has a pair that is not saved. It tells the end of that too when the run is
/// dropped.
struct Hands<'a, F: Fn(bool)> {
    holds_pair: &'a F,
    is_full: bool,
}

impl<F: Fn(bool)> Hands<'_, F> {
    fn note(&mut self, is_full: bool) {
        if self.is_full != is_full {
            self.is_full = is_full;
            (self.holds_pair)(is_full);
        }
    }
}

impl<F: Fn(bool)> Drop for Hands<'_, F> {
    fn drop(&mut self) {
        self.note(false);
    }
}

struct Run<'a, S: GrantStore> {
    ports: &'a Ports<S>,
    known: &'a Known,
    protocol: RefreshProtocol,
    lock: Option<S::Lock>,
    /// By how many seconds our clock is ahead, if that is worth an alarm.
    clocks_differ: Option<i64>,
    /// Pauses so far before another try to save.
    waits: u32,
    /// Why the pair is not saved.
    save_trouble: StoreErrorKind,
    /// This run tries whether a hold over the whole process is over.
    own_try: Option<Try<'a>>,
    is_news: bool,
    is_unsaved_told: bool,
}

impl<S: GrantStore> Run<'_, S> {
    fn now(&self) -> UnixSeconds {
        self.ports.clock.now()
    }

    async fn step(
        &mut self,
        is_leaving: &(impl Fn() -> bool + Send + Sync),
    ) -> Result<Option<Outcome>, OutOfTurn> {
        match self.protocol.poll() {
            Step::Load => self.load().await?,
            Step::Lock => self.take_lock().await?,
            Step::ReadLifeboat => self.read_lifeboat().await?,
            Step::ReserveLifeboat => self.reserve_lifeboat().await?,
            Step::ReleaseLifeboat => self.release_lifeboat().await?,
            Step::Record(_) | Step::Save(_) => self.write().await?,
            Step::Send { .. } => self.send().await?,
            Step::LookUp { .. } => self.look_up().await?,
            Step::WriteLifeboat(_) => self.write_lifeboat().await?,
            Step::DeleteLifeboat(_) => self.delete_lifeboat().await?,
            Step::WaitToSave => self.wait_to_save(is_leaving()).await?,
            Step::Release => self.release().await?,
            Step::Done(outcome) => {
                let outcome = outcome.clone();
                if let Some(seconds) = self.clocks_differ {
                    let key = *self.protocol.key();
                    self.ports.alarm(key, AlarmKind::ClockDiffers { seconds });
                }
                return Ok(Some(outcome));
            }
            // A step of a later version of the protocol: not carried out, so nothing goes on.
            _ => return Err(OutOfTurn::new()),
        }
        Ok(None)
    }

    async fn load(&mut self) -> Result<(), OutOfTurn> {
        let (store, key) = (&self.ports.store, self.protocol.key());
        let loaded = match &mut self.lock {
            Some(lock) => store.load_locked(lock, key).await,
            None => store.load(key).await,
        };
        let now = self.now();
        match loaded {
            Ok(grant) => {
                let hold = self.own_hold(now);
                self.protocol.set_own_hold(hold);
                self.protocol.handle_loaded(grant, now)
            }
            Err(error) => {
                self.store_failed(&error);
                // The lock's connection may be what failed, and it would fail again.
                self.lock = None;
                self.save_trouble = error.kind();
                self.protocol.handle_load_failed(error.kind(), now)
            }
        }
    }

    /// The pair is in memory, and in the lifeboat if there is one. In the lifeboat it is safe, so a
    /// keeper that is leaving, or a store that will not take it for long, ends the run.
    async fn wait_to_save(&mut self, is_leaving: bool) -> Result<(), OutOfTurn> {
        // Without a lifeboat nothing else has told it.
        if !self.is_unsaved_told {
            self.tell_unsaved(*self.protocol.key(), false);
        }
        let gives_up = is_leaving || self.waits >= WAITS_AT_MOST;
        let now = self.now();
        if gives_up && self.protocol.leave_to_lifeboat(self.save_trouble, now) {
            return Ok(());
        }
        let doublings = self.waits.min(DOUBLINGS_AT_MOST);
        let pause = self.ports.settings.policy.save_pause * 2_u32.pow(doublings);
        self.waits = self.waits.saturating_add(1);
        self.ports.clock.pause(pause).await;
        self.protocol.handle_waited()
    }

    async fn take_lock(&mut self) -> Result<(), OutOfTurn> {
        let locked = self.ports.store.try_lock(self.protocol.key()).await;
        let now = self.now();
        match locked {
            Ok(lock) => {
                self.lock = lock;
                self.protocol.handle_locked(self.lock.is_some(), now)
            }
            Err(error) => {
                self.store_failed(&error);
                self.protocol.handle_lock_failed(error.kind(), now)
            }
        }
    }

    async fn write(&mut self) -> Result<(), OutOfTurn> {
        let (transition, is_save) = match self.protocol.poll() {
            Step::Record(transition) => (transition, false),
            Step::Save(transition) => (transition, true),
            _ => return Err(OutOfTurn::new()),
        };
        let now = self.ports.clock.now();
        let (generation, event) = (transition.grant.generation, transition.event);
        let written = self
            .ports
            .store
            .write(self.lock.as_mut(), transition, now)
            .await;
        let now = self.now();
        match written {
            Ok(Written::Confirmed(revision)) if is_save => {
                self.protocol.handle_saved(generation, revision, now)
            }
            Ok(Written::Confirmed(revision)) => {
                self.is_news |= matches!(event, GrantEvent::Held(_) | GrantEvent::Revoked);
                self.protocol.handle_recorded(revision, now)
            }
            Ok(Written::Conflict) => self.protocol.handle_conflict(now),
            Err(error) => {
                self.store_failed(&error);
                // The lock may have gone with its connection. Further writes are protected by the
                // revision alone.
                self.lock = None;
                self.save_trouble = error.kind();
                self.protocol.handle_write_failed(error.kind(), now)
            }
        }
    }

    /// Whether the lock is still this run's own, as far as the store can tell. One that cannot be
    /// asked counts as lost.
    async fn still_holds_lock(&mut self) -> bool {
        let Some(lock) = &mut self.lock else {
            return false;
        };
        let held = self.ports.store.still_held(lock).await;
        let is_held = held
            .inspect_err(|error| self.ports.store_failed(Some(*self.protocol.key()), error))
            .unwrap_or(false);
        if !is_held {
            self.lock = None;
        }
        is_held
    }

    async fn send(&mut self) -> Result<(), OutOfTurn> {
        if !self.still_holds_lock().await {
            tracing::warn!(key = %self.protocol.key(), "the lock was lost, nothing is sent");
            let now = self.now();
            return self.protocol.handle_sent(SendOutcome::NotSent, now);
        }
        let Step::Send {
            host,
            refresh_token,
        } = self.protocol.poll()
        else {
            return Err(OutOfTurn::new());
        };
        let Some(credentials) = &self.known.credentials else {
            return Err(OutOfTurn::new());
        };
        self.is_news = true;
        let request = TokenRequest::refresh(credentials, &host, refresh_token)
            .with_origin(self.protocol.origin(self.now()));
        let realm = self.protocol.key().realm;
        let outcome = self.ports.endpoint.send(realm, &request).await;
        if let SendOutcome::Answered(TokenAnswer::Granted(pair)) = &outcome {
            self.clocks_differ = clocks_differ(pair);
        }
        let is_taken = match &outcome {
            SendOutcome::Answered(TokenAnswer::Granted(_)) => true,
            SendOutcome::Answered(TokenAnswer::Refused(refusal)) => {
                refusal.kind.is_proof_of_death()
            }
            _ => false,
        };
        if is_taken {
            self.ports.own_holds.lift(&self.known.requester);
        } else if is_answer_of_the_platform(&outcome) {
            self.ports.own_holds.lift_suspicion(&self.known.requester);
        }
        let now = self.now();
        self.protocol.handle_sent(outcome, now)?;
        self.lay_own_hold();
        Ok(())
    }

    /// Without a client secret nothing is sent, as if the platform had refused the one we have.
    fn hold_without_credentials(&self, now: UnixSeconds) -> Hold {
        let kind = HoldKind::ClientMisconfigured;
        let scope = HoldScope::Configuration(self.known.requester.configuration);
        Hold::new(
            kind,
            scope,
            now,
            self.ports.settings.policy.hold_length(kind),
        )
    }

    /// What stops this process as a whole. A run that holds the lock, and so may send, tries for
    /// all when a hold has ended.
    fn own_hold(&mut self, now: UnixSeconds) -> Option<Hold> {
        let (holds, requester) = (&self.ports.own_holds, &self.known.requester);
        let monotonic = self.ports.clock.monotonic();
        if self.known.credentials.is_none() {
            return Some(self.hold_without_credentials(now));
        }
        if self.own_try.is_some() {
            return None;
        }
        if self.lock.is_none() {
            return holds.look(requester, now, monotonic);
        }
        match holds.enter(requester, now, monotonic) {
            Ok(own_try) => {
                self.own_try = own_try;
                None
            }
            Err(hold) => Some(hold),
        }
    }

    /// A refused client or redirect URI is ours, whichever the grant. A block may be the account's
    /// own: it is suspected to be ours when an account met it that worked lately, and held to be
    /// ours when another one of those met it too.
    fn lay_own_hold(&self) {
        let Some(hold) = self.protocol.laid_on_requester() else {
            return;
        };
        let (ports, now) = (self.ports, self.now());
        let monotonic = ports.clock.monotonic();
        if hold.kind != HoldKind::Blocked {
            return ports.own_holds.lay(hold, monotonic);
        }
        if !self.protocol.origin(now).is_evidence() {
            return;
        }
        let account_id = self.protocol.key().account_id;
        let length = ports.settings.policy.hold_length(HoldKind::Blocked);
        let whole = Hold::new(hold.kind, hold.scope, now, length);
        if ports.own_holds.suspect(whole, account_id, monotonic) {
            let (kind, until) = (HoldKind::Blocked, Some(whole.until));
            tracing::error!("two accounts that worked lately are blocked: all requests are held");
            let alarm = AlarmKind::Held { kind, until };
            ports.listeners.tell_alarm(None, alarm);
        }
    }

    async fn look_up(&mut self) -> Result<(), OutOfTurn> {
        let Step::LookUp {
            api_domain,
            refresh_token,
        } = self.protocol.poll()
        else {
            return Err(OutOfTurn::new());
        };
        let look_up = SubdomainLookup::new(&api_domain, refresh_token);
        let realm = self.protocol.key().realm;
        let located = self.ports.endpoint.locate(realm, &look_up).await;
        let now = self.now();
        self.protocol.handle_located(located, now)?;
        self.lay_own_hold();
        Ok(())
    }

    /// The protocol asks for a lifeboat only where there is one.
    fn lifeboat(&self) -> Result<&dyn AnyLifeboat, OutOfTurn> {
        self.ports.lifeboat.as_deref().ok_or(OutOfTurn::new())
    }

    async fn read_lifeboat(&mut self) -> Result<(), OutOfTurn> {
        let read = self.lifeboat()?.read(self.protocol.key()).await;
        let now = self.now();
        match read {
            Ok(unsaved) => self.protocol.handle_lifeboat(unsaved, now),
            Err(error) => {
                self.lifeboat_failed(&*error);
                match error.kind() {
                    // Nobody will ever read it, so there is nothing to wait for.
                    StoreErrorKind::Damaged => self.protocol.handle_lifeboat(None, now),
                    trouble => self.protocol.handle_lifeboat_failed(trouble, now),
                }
            }
        }
    }

    async fn reserve_lifeboat(&mut self) -> Result<(), OutOfTurn> {
        let reserved = self.lifeboat()?.reserve(self.protocol.key()).await;
        let reserved = reserved.map_err(|error| {
            self.lifeboat_failed(&*error);
            error.kind()
        });
        let now = self.now();
        self.protocol.handle_lifeboat_reserved(reserved, now)
    }

    /// Without the lock the reservation may be that of the next run already, so it stays for that
    /// one.
    async fn release_lifeboat(&mut self) -> Result<(), OutOfTurn> {
        if self.lock.is_some()
            && let Err(error) = self.lifeboat()?.release_slot(self.protocol.key()).await
        {
            self.lifeboat_failed(&*error);
        }
        self.protocol.handle_lifeboat_released()
    }

    async fn write_lifeboat(&mut self) -> Result<(), OutOfTurn> {
        let Step::WriteLifeboat(unsaved) = self.protocol.poll() else {
            return Err(OutOfTurn::new());
        };
        let key = unsaved.key;
        let written = self.lifeboat()?.write(unsaved).await;
        let is_written = written
            .inspect_err(|error| self.lifeboat_failed(&**error))
            .is_ok();
        self.tell_unsaved(key, is_written);
        self.protocol.handle_lifeboat_written(is_written)
    }

    /// Once for a pair, and once more when it comes into the lifeboat after all.
    fn tell_unsaved(&mut self, key: GrantKey, in_lifeboat: bool) {
        if !self.is_unsaved_told {
            self.ports.metrics.add(Counter::Unsaved);
        }
        if !self.is_unsaved_told || in_lifeboat {
            self.ports.alarm(key, AlarmKind::Unsaved { in_lifeboat });
        }
        self.is_unsaved_told = true;
    }

    async fn delete_lifeboat(&mut self) -> Result<(), OutOfTurn> {
        let Step::DeleteLifeboat(unsaved) = self.protocol.poll() else {
            return Err(OutOfTurn::new());
        };
        let deleted = self.lifeboat()?.delete(unsaved).await;
        let is_deleted = deleted
            .inspect_err(|error| self.lifeboat_failed(&**error))
            .is_ok();
        let now = self.now();
        self.protocol.handle_lifeboat_deleted(is_deleted, now)
    }

    async fn release(&mut self) -> Result<(), OutOfTurn> {
        if let Some(lock) = self.lock.take()
            && let Err(error) = self.ports.store.unlock(lock).await
        {
            self.store_failed(&error);
        }
        self.protocol.handle_released()
    }

    /// While a pair waits to be saved, somebody is told again after two, four, eight tries, and so
    /// on.
    fn store_failed(&self, error: &dyn StoreError) {
        if self.waits == 0 || self.waits.is_power_of_two() {
            self.ports.store_failed(Some(*self.protocol.key()), error);
        }
    }

    fn lifeboat_failed(&self, error: &dyn StoreError) {
        tracing::error!(%error, "the lifeboat failed");
        self.ports.alarm(
            *self.protocol.key(),
            AlarmKind::LifeboatFailed(error.kind()),
        );
    }
}

/// Whether the platform itself has answered, and so does not block the address: any refusal but one
/// that a block may be.
const fn is_answer_of_the_platform(outcome: &SendOutcome) -> bool {
    let SendOutcome::Answered(TokenAnswer::Refused(refusal)) = outcome else {
        return false;
    };
    !matches!(
        refusal.kind,
        TokenRefusalKind::Blocked
            | TokenRefusalKind::Forbidden
            | TokenRefusalKind::Throttled { .. }
            | TokenRefusalKind::NotFound
            | TokenRefusalKind::Unknown
    )
}

/// By how many seconds our clock is ahead of the server's, if it is far off.
fn clocks_differ(pair: &TokenPair) -> Option<i64> {
    let (ours, server) = (pair.obtained_at.get(), pair.server_time?.get());
    let seconds = i128::from(ours) - i128::from(server);
    let is_far = ours.abs_diff(server) > CLOCKS_DIFFER_SECONDS;
    is_far.then(|| i64::try_from(seconds).unwrap_or(i64::MAX))
}
