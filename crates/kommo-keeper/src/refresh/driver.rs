//! Drives one run of the refresh protocol: executes each step and reports its result. It decides
//! nothing.

use kommo_account::{AccountHost, ApiDomain};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    GrantEvent, GrantKey, Hold, HoldKind, HoldScope, Transition, UnsavedPair,
};
use kommo_oauth::refresh::{
    Outcome, RefreshProtocol, Report, SendOutcome, Step, TokenRequirement, Unmet,
};
use kommo_oauth::token::{
    RefreshToken, RequestOrigin, SubdomainLookup, TokenAnswer, TokenPair, TokenRefusalKind,
    TokenRequest,
};

use crate::ports::clock::Clock as _;
use crate::ports::grant_store::{GrantStore, StoreError, StoreErrorKind, Written};
use crate::process::context::Context;
use crate::process::holds::Trial;
use crate::process::identity::Known;
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

/// A difference between the clocks that raises an alarm.
const CLOCKS_DIFFER_SECONDS: u64 = 60;

/// Pauses before a pair in the lifeboat is left there: about an hour.
const WAITS_AT_MOST: u32 = 450;

/// The first step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Read the record without the lock: usually nothing needs to be done.
    Look,
    /// Take the lock: the store has just reported the grant as due.
    Lock,
}

/// The result of a run.
pub(crate) struct RunReport {
    pub(crate) outcome: Outcome,
    /// Whether this run changed something: it sent a request or wrote a hold. Otherwise it only
    /// found what was there.
    pub(crate) is_news: bool,
}

/// One run, from beginning to end. `holds_pair` is called with `true` when the run has an unsaved
/// pair, and with `false` when it no longer has one. Do not drop it half way: the keeper spawns a
/// task for it.
pub(crate) async fn run_protocol<S: GrantStore>(
    context: &Context<S>,
    start: Start,
    key: GrantKey,
    requirement: TokenRequirement,
    is_leaving: impl Fn() -> bool + Send + Sync,
    holds_pair: impl Fn(bool) + Send + Sync,
) -> RunReport {
    let known = context.identity.get();
    let protocol = RefreshProtocol::new(
        key,
        requirement,
        known.requester,
        context.settings.policy.clone(),
        context.new_attempt(),
        context.lifeboat.is_some(),
    );
    let mut protocol = match start {
        Start::Look => protocol,
        Start::Lock => protocol.begin_at_lock(),
    };
    let mut driver = Driver {
        context,
        known: &known,
        key,
        lock: None,
        clocks_differ: None,
        waits: 0,
        save_error: StoreErrorKind::Unavailable,
        trial: None,
        is_news: false,
        is_unsaved_reported: false,
    };
    let mut unsaved = UnsavedWatch {
        holds_pair: &holds_pair,
        is_full: false,
    };
    loop {
        unsaved.note(protocol.unsaved().is_some());
        let report = match protocol.poll() {
            Step::Load => driver.load().await,
            Step::Lock => driver.take_lock().await,
            Step::ReadLifeboat => driver.read_lifeboat().await,
            Step::ReserveLifeboat => driver.reserve_lifeboat().await,
            Step::Record(transition) => driver.record(transition).await,
            Step::Save(transition) => driver.save(transition).await,
            Step::Send {
                host,
                refresh_token,
            } => {
                let origin = protocol.origin(driver.now());
                driver.send(host, refresh_token, origin).await
            }
            Step::LookUp {
                api_domain,
                refresh_token,
            } => driver.look_up(api_domain, refresh_token).await,
            Step::WriteLifeboat(unsaved) => driver.write_lifeboat(unsaved).await,
            Step::DeleteLifeboat(unsaved) => driver.delete_lifeboat(unsaved).await,
            Step::ReleaseLifeboat => driver.release_lifeboat().await,
            Step::Release => driver.release().await,
            Step::WaitToSave => {
                let gives_up = driver.gives_up_saving(is_leaving());
                if gives_up && protocol.leave_to_lifeboat(driver.save_error, driver.now()) {
                    continue;
                }
                driver.pause_before_save().await
            }
            Step::Done(outcome) => return driver.finish(outcome.clone()),
            // A step of a later version of the protocol: it is not executed, so the run ends.
            _ => return driver.unexpected_report(),
        };
        let now = driver.now();
        if matches!(report, Report::Loaded(_)) {
            protocol.set_own_hold(driver.process_hold(now));
        }
        let is_answer = matches!(report, Report::Sent(_) | Report::Located(_));
        if protocol.handle(report, now).is_err() {
            return driver.unexpected_report();
        }
        if let Some(hold) = protocol.laid_on_requester().filter(|_| is_answer) {
            driver.add_process_hold(hold, protocol.origin(driver.now()));
        }
    }
}

/// Tracks whether a run has an unsaved pair. It also reports the end of that when the run is
/// dropped.
struct UnsavedWatch<'a, F: Fn(bool)> {
    holds_pair: &'a F,
    is_full: bool,
}

impl<F: Fn(bool)> UnsavedWatch<'_, F> {
    fn note(&mut self, is_full: bool) {
        if self.is_full != is_full {
            self.is_full = is_full;
            (self.holds_pair)(is_full);
        }
    }
}

impl<F: Fn(bool)> Drop for UnsavedWatch<'_, F> {
    fn drop(&mut self) {
        self.note(false);
    }
}

/// Executes the steps, and remembers what it needs between them.
struct Driver<'a, S: GrantStore> {
    context: &'a Context<S>,
    known: &'a Known,
    key: GrantKey,
    lock: Option<S::Lock>,
    /// By how many seconds our clock is ahead, if it is enough for an alarm.
    clocks_differ: Option<i64>,
    /// Pauses so far before another try to save.
    waits: u32,
    /// Why the pair is not saved.
    save_error: StoreErrorKind,
    /// This run tests whether a hold of the whole process has ended.
    trial: Option<Trial<'a>>,
    is_news: bool,
    is_unsaved_reported: bool,
}

impl<S: GrantStore> Driver<'_, S> {
    fn now(&self) -> UnixSeconds {
        self.context.clock.now()
    }

    fn finish(self, outcome: Outcome) -> RunReport {
        if let Some(seconds) = self.clocks_differ {
            self.context
                .alarm(self.key, AlarmKind::ClockDiffers { seconds });
        }
        RunReport {
            outcome,
            is_news: self.is_news,
        }
    }

    fn unexpected_report(self) -> RunReport {
        tracing::error!(key = %self.key, "a report did not answer the step of the refresh protocol");
        self.context.alarm(self.key, AlarmKind::UnexpectedReport);
        RunReport {
            outcome: Outcome::Unmet {
                why: Unmet::Contended,
                usable: None,
                is_read: false,
                again_at: None,
            },
            is_news: self.is_news,
        }
    }

    async fn load(&mut self) -> Report {
        let (store, key) = (&self.context.store, &self.key);
        let loaded = match &mut self.lock {
            Some(lock) => store.load_locked(lock, key).await,
            None => store.load(key).await,
        };
        match loaded {
            Ok(grant) => Report::Loaded(grant),
            // The lock's connection may have failed, and would fail again.
            Err(error) => self.failed_with_lock(&error),
        }
    }

    /// The lock may be lost with its connection. Further writes are protected by the revision
    /// alone.
    fn failed_with_lock(&mut self, error: &dyn StoreError) -> Report {
        self.lock = None;
        self.save_error = error.kind();
        self.failed(error)
    }

    fn failed(&self, error: &dyn StoreError) -> Report {
        self.store_failed(error);
        Report::Failed(error.kind())
    }

    /// The pair is in memory, and in the lifeboat if there is one. In the lifeboat it is safe, so
    /// the run ends if the keeper is draining or if the store has not saved the pair for long.
    fn gives_up_saving(&mut self, is_leaving: bool) -> bool {
        // Without a lifeboat nothing else has reported it.
        if !self.is_unsaved_reported {
            self.report_unsaved(false);
        }
        is_leaving || self.waits >= WAITS_AT_MOST
    }

    async fn pause_before_save(&mut self) -> Report {
        let pause = self.context.settings.policy.save_pause_after(self.waits);
        self.waits = self.waits.saturating_add(1);
        self.context.clock.pause(pause).await;
        Report::Done
    }

    async fn take_lock(&mut self) -> Report {
        match self.context.store.try_lock(&self.key).await {
            Ok(Some(lock)) => {
                self.lock = Some(lock);
                Report::Locked
            }
            Ok(None) => Report::Busy,
            Err(error) => self.failed(&error),
        }
    }

    async fn record(&mut self, transition: &Transition) -> Report {
        match self.write(transition).await {
            Ok(Written::Confirmed(revision)) => {
                let event = transition.event;
                self.is_news |= matches!(event, GrantEvent::Held(_) | GrantEvent::Revoked);
                Report::Recorded(revision)
            }
            Ok(Written::Conflict | Written::BeginAfter(_)) => Report::Conflict,
            Err(error) => self.failed_with_lock(&error),
        }
    }

    async fn save(&mut self, transition: &Transition) -> Report {
        let generation = transition.grant.generation;
        match self.write(transition).await {
            Ok(Written::Confirmed(revision)) => Report::Saved {
                generation,
                revision,
            },
            Ok(Written::Conflict | Written::BeginAfter(_)) => Report::Conflict,
            Err(error) => self.failed_with_lock(&error),
        }
    }

    async fn write(&mut self, transition: &Transition) -> Result<Written, S::Error> {
        let now = self.now();
        let store = &self.context.store;
        store.write(self.lock.as_mut(), transition, now).await
    }

    /// Whether this run still holds the lock, as far as the store knows. If the store cannot
    /// answer, the lock counts as lost.
    async fn still_holds_lock(&mut self) -> bool {
        let Some(lock) = &mut self.lock else {
            return false;
        };
        let held = self.context.store.still_held(lock).await;
        let is_held = held
            .inspect_err(|error| self.context.store_failed(Some(self.key), error))
            .unwrap_or(false);
        if !is_held {
            self.lock = None;
        }
        is_held
    }

    async fn send(
        &mut self,
        host: AccountHost,
        refresh_token: &RefreshToken,
        origin: RequestOrigin,
    ) -> Report {
        if !self.still_holds_lock().await {
            tracing::warn!(key = %self.key, "the lock was lost, nothing is sent");
            return Report::Sent(SendOutcome::NotSent);
        }
        let Some(credentials) = &self.known.credentials else {
            return Report::Sent(SendOutcome::NotSent);
        };
        self.is_news = true;
        let request = TokenRequest::refresh(credentials, &host, refresh_token).with_origin(origin);
        let outcome = self.context.endpoint.send(self.key.realm, &request).await;
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
            self.context.process_holds.lift(&self.known.requester);
        } else if is_answer_of_the_platform(&outcome) {
            self.context
                .process_holds
                .lift_suspicion(&self.known.requester);
        }
        Report::Sent(outcome)
    }

    /// Without a client secret nothing is sent, as if the platform had refused the one we have.
    fn hold_without_credentials(&self, now: UnixSeconds) -> Hold {
        let kind = HoldKind::ClientMisconfigured;
        let scope = HoldScope::Configuration(self.known.requester.configuration);
        Hold::new(
            kind,
            scope,
            now,
            self.context.settings.policy.hold_length(kind),
        )
    }

    /// The hold that stops this whole process, if any. When such a hold has ended, one run that
    /// holds the lock, and so may send, tests it for all.
    fn process_hold(&mut self, now: UnixSeconds) -> Option<Hold> {
        let (holds, requester) = (&self.context.process_holds, &self.known.requester);
        let monotonic = self.context.clock.monotonic();
        if self.known.credentials.is_none() {
            return Some(self.hold_without_credentials(now));
        }
        if self.trial.is_some() {
            return None;
        }
        if self.lock.is_none() {
            return holds.look(requester, now, monotonic);
        }
        match holds.enter(requester, now, monotonic) {
            Ok(trial) => {
                self.trial = trial;
                None
            }
            Err(hold) => Some(hold),
        }
    }

    /// A refused client or redirect URI concerns the whole process, whichever the grant. A block
    /// may concern the account alone. It is suspected to concern our address when an account that
    /// worked recently met it, and taken as confirmed when a second such account met it.
    fn add_process_hold(&self, hold: Hold, origin: RequestOrigin) {
        let (context, now) = (self.context, self.now());
        let monotonic = context.clock.monotonic();
        if hold.kind != HoldKind::Blocked {
            return context.process_holds.add(hold, monotonic);
        }
        if !origin.is_evidence() {
            return;
        }
        let account_id = self.key.account_id;
        let length = context.settings.policy.hold_length(HoldKind::Blocked);
        let whole = Hold::new(hold.kind, hold.scope, now, length);
        if context.process_holds.suspect(whole, account_id, monotonic) {
            let (kind, until) = (HoldKind::Blocked, Some(whole.until));
            tracing::error!("two accounts that worked recently are blocked: all requests are held");
            let alarm = AlarmKind::Held { kind, until };
            context.listeners.raise_alarm(None, alarm);
        }
    }

    async fn look_up(&mut self, api_domain: ApiDomain, refresh_token: &RefreshToken) -> Report {
        let look_up = SubdomainLookup::new(&api_domain, refresh_token);
        let located = self.context.endpoint.locate(self.key.realm, &look_up).await;
        Report::Located(located)
    }

    async fn read_lifeboat(&mut self) -> Report {
        let Some(lifeboat) = &self.context.lifeboat else {
            return Report::LifeboatRead(None);
        };
        match lifeboat.read(&self.key).await {
            Ok(unsaved) => Report::LifeboatRead(unsaved),
            Err(error) => match self.lifeboat_failed(&*error) {
                // It will never be readable, so waiting is useless.
                Report::Failed(StoreErrorKind::Damaged) => Report::LifeboatRead(None),
                report => report,
            },
        }
    }

    async fn reserve_lifeboat(&mut self) -> Report {
        let Some(lifeboat) = &self.context.lifeboat else {
            return Report::Done;
        };
        let done = lifeboat.reserve(&self.key).await;
        self.done_in_lifeboat(done)
    }

    /// Without the lock the reservation may already belong to the next run, so it stays.
    async fn release_lifeboat(&mut self) -> Report {
        if let (Some(lifeboat), Some(_)) = (&self.context.lifeboat, &self.lock) {
            let done = lifeboat.release_slot(&self.key).await;
            self.done_in_lifeboat(done);
        }
        Report::Done
    }

    async fn write_lifeboat(&mut self, unsaved: &UnsavedPair) -> Report {
        let Some(lifeboat) = &self.context.lifeboat else {
            return Report::Failed(StoreErrorKind::Unavailable);
        };
        let done = lifeboat.write(unsaved).await;
        let report = self.done_in_lifeboat(done);
        self.report_unsaved(report == Report::Done);
        report
    }

    async fn delete_lifeboat(&mut self, unsaved: &UnsavedPair) -> Report {
        let Some(lifeboat) = &self.context.lifeboat else {
            return Report::Done;
        };
        let done = lifeboat.delete(unsaved).await;
        self.done_in_lifeboat(done)
    }

    fn done_in_lifeboat(&self, done: Result<(), Box<dyn StoreError>>) -> Report {
        done.map_or_else(|error| self.lifeboat_failed(&*error), |()| Report::Done)
    }

    /// Raises the alarm once for a pair, and once more when it is written to the lifeboat later.
    fn report_unsaved(&mut self, in_lifeboat: bool) {
        if !self.is_unsaved_reported {
            self.context.metrics.add(Counter::Unsaved);
        }
        if !self.is_unsaved_reported || in_lifeboat {
            self.context
                .alarm(self.key, AlarmKind::Unsaved { in_lifeboat });
        }
        self.is_unsaved_reported = true;
    }

    async fn release(&mut self) -> Report {
        if let Some(lock) = self.lock.take()
            && let Err(error) = self.context.store.unlock(lock).await
        {
            self.store_failed(&error);
        }
        Report::Done
    }

    /// While a pair waits to be saved, it is reported again after two, four, eight tries, and so
    /// on.
    fn store_failed(&self, error: &dyn StoreError) {
        if self.waits == 0 || self.waits.is_power_of_two() {
            self.context.store_failed(Some(self.key), error);
        }
    }

    fn lifeboat_failed(&self, error: &dyn StoreError) -> Report {
        tracing::error!(%error, "the lifeboat failed");
        let kind = error.kind();
        self.context
            .alarm(self.key, AlarmKind::LifeboatFailed(kind));
        Report::Failed(kind)
    }
}

/// Whether the platform itself has answered, and so does not block the address: any refusal except
/// those that may be a block.
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
