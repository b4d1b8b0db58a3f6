//! What may be sent now: limits and breaker, shared by everything in this process that talks to
//! accounts.
//!
//! ```text
//! call ── breaker ── account 50/s ── integration 7/s ── egress 7/s ──> send ── 429, 403 ──┐
//!            ▲                                                                            │
//!            └─────────────────────────── reports ───────────────────────────────────────┘
//! ```
//!
//! The egress comes last: what was taken from the wider buckets waits there, and leaves at the
//! narrowest rate.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kommo_account::{AccountHost, ClientId};
use kommo_keeper::{Clock, SharedBucket, SharedClock, SystemClock, Taken};

use crate::budget::breaker::{Blocked, Breaker, OpenBreaker, Permit, Rejected, Standing, Stop};
use crate::budget::bucket_key::BucketKey;
use crate::budget::jitter;
use crate::budget::local_buckets::{LocalBucket, LocalBuckets};
use crate::budget::rate_limit::RateLimit;
use crate::budget::settings::BudgetSettings;
use crate::budget::shared_bucket::AnySharedBucket;

/// The limits and the breaker of one egress address.
///
/// Cheap to clone; clones are the same budget. Make one for the whole program and pass it to every
/// `CrmClient` and to the `HttpTokenEndpoint`: the platform counts them together (rule L4).
///
/// Calls wait in order in front of a bucket. A token request skips the queue, since the calls
/// wait for its token. What anyone may have ordered skips it too, but has a bucket of its own
/// first, so that calls and refreshes keep the rest.
#[derive(Clone)]
pub struct RequestBudget {
    shared: Arc<Shared>,
}

struct Shared {
    settings: BudgetSettings,
    clock: SharedClock,
    buckets: LocalBuckets,
    store: Option<Arc<dyn AnySharedBucket>>,
    breaker: Mutex<Breaker>,
}

impl RequestBudget {
    /// A budget with the clock of this machine.
    #[must_use]
    pub fn new(settings: BudgetSettings) -> Self {
        Self::with_clock(settings, SystemClock::new())
    }

    /// A budget with another clock.
    #[must_use]
    pub fn with_clock(settings: BudgetSettings, clock: impl Clock) -> Self {
        Self::build(settings, SharedClock::new(clock), None)
    }

    /// The same limits, counted in a store that several processes share, such as `kommo-store`'s.
    /// Each limit is then that of all of them together. The buckets of this process, with its
    /// share, stay for when the store cannot be asked. The breaker begins closed, and is this
    /// process's own.
    #[must_use]
    pub fn with_shared_bucket(&self, bucket: impl SharedBucket) -> Self {
        let shared = &self.shared;
        Self::build(
            shared.settings.clone(),
            shared.clock.clone(),
            Some(Arc::new(bucket)),
        )
    }

    fn build(
        settings: BudgetSettings,
        clock: SharedClock,
        store: Option<Arc<dyn AnySharedBucket>>,
    ) -> Self {
        let shared = Shared {
            buckets: LocalBuckets::new(clock.clone(), settings.share),
            breaker: Mutex::new(Breaker::new(settings.breaker)),
            settings,
            clock,
            store,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The breaker, if it stops calls to this account now.
    #[must_use]
    pub fn open_breaker(&self, host: AccountHost) -> Option<OpenBreaker> {
        let now = self.shared.clock.monotonic();
        match self.breaker().rejection(host, Standing::Known, now)? {
            Rejected::Throttled { .. } => None,
            Rejected::Open(stop) => Some(self.report(stop)),
        }
    }

    /// A stop, with the time of day at which it ends.
    pub(crate) fn report(&self, stop: Stop) -> OpenBreaker {
        OpenBreaker {
            reason: stop.reason,
            left: stop.left,
            until: self.shared.clock.now().plus(stop.left),
            is_whole_egress: stop.is_whole_egress,
        }
    }

    /// Closes the breaker of an account and of the egress: the platform's support says that the
    /// block is gone.
    pub fn close_breaker(&self, host: AccountHost) {
        self.breaker().close(host);
    }

    /// Takes one request out of every bucket, waiting in order. If calls to the account are stopped
    /// meanwhile, it fails. The permission to send comes from [`admit`](Self::admit).
    pub(crate) async fn take(
        &self,
        client_id: ClientId,
        host: AccountHost,
        standing: Standing,
    ) -> Result<(), Rejected> {
        for (key, limit) in self.buckets_of(client_id, host) {
            let bucket = self.shared.buckets.get(&key, limit);
            let _turn = bucket.turn.lock().await;
            if let Some(rejected) = self.rejection(host, standing) {
                return Err(rejected);
            }
            while let Taken::After(pause) = self.ask(&key, limit, &bucket).await {
                self.shared.clock.pause(pause).await;
            }
        }
        Ok(())
    }

    /// Like [`take`](Self::take), but skips the queue and waits no longer than `longest`; whether
    /// it was admitted.
    pub(crate) async fn take_ahead(
        &self,
        client_id: ClientId,
        host: AccountHost,
        longest: Duration,
    ) -> bool {
        let buckets = self.buckets_of(client_id, host);
        self.take_all_ahead(&buckets, longest).await
    }

    /// The same for a request that anyone may have ordered.
    pub(crate) async fn take_ahead_for_strangers(
        &self,
        client_id: ClientId,
        host: AccountHost,
        longest: Duration,
    ) -> bool {
        let settings = &self.shared.settings;
        let name = Arc::clone(&settings.egress_name);
        let strangers = (BucketKey::Strangers(name), settings.strangers);
        let [account, integration, egress] = self.buckets_of(client_id, host);
        // The narrowest first: who waits there has taken nothing from others.
        let buckets = [strangers, account, integration, egress];
        self.take_all_ahead(&buckets, longest).await
    }

    /// The same for a request that does not go to an account's host.
    pub(crate) async fn take_egress_ahead(&self, longest: Duration) -> bool {
        self.take_all_ahead(&[self.egress_bucket()], longest).await
    }

    async fn take_all_ahead(&self, buckets: &[(BucketKey, RateLimit)], longest: Duration) -> bool {
        let clock = &self.shared.clock;
        let deadline = clock.monotonic().saturating_add(longest);
        // A store may take its time to answer, and that counts.
        let is_late = |pause| clock.monotonic().saturating_add(pause) > deadline;
        for (key, limit) in buckets {
            let bucket = self.shared.buckets.get(key, *limit);
            if is_late(Duration::ZERO) {
                return false;
            }
            while let Taken::After(pause) = self.ask(key, *limit, &bucket).await {
                if is_late(pause) {
                    return false;
                }
                clock.pause(pause).await;
            }
        }
        !is_late(Duration::ZERO)
    }

    /// In the order of the drawing above.
    fn buckets_of(&self, client_id: ClientId, host: AccountHost) -> [(BucketKey, RateLimit); 3] {
        let settings = &self.shared.settings;
        let package = settings.packages.get(&host);
        let account = package.map_or(settings.account, |package| package.account);
        let integration = package.map_or(settings.integration, |package| package.integration);
        [
            (BucketKey::Account(host), account),
            (BucketKey::Integration { client_id, host }, integration),
            self.egress_bucket(),
        ]
    }

    fn egress_bucket(&self) -> (BucketKey, RateLimit) {
        let settings = &self.shared.settings;
        let name = Arc::clone(&settings.egress_name);
        (BucketKey::Egress(name), settings.egress)
    }

    async fn ask(&self, key: &BucketKey, limit: RateLimit, bucket: &LocalBucket) -> Taken {
        if let Some(store) = &self.shared.store {
            match store.take(key, limit).await {
                Ok(taken) => return taken,
                Err(cause) => tracing::warn!(
                    bucket = %key,
                    %cause,
                    "shared bucket cannot be asked, this process counts by itself"
                ),
            }
        }
        bucket.take(self.shared.clock.monotonic())
    }

    pub(crate) fn rejection(&self, host: AccountHost, standing: Standing) -> Option<Rejected> {
        let now = self.shared.clock.monotonic();
        self.breaker().rejection(host, standing, now)
    }

    pub(crate) fn admit(&self, host: AccountHost, standing: Standing) -> Result<Permit, Rejected> {
        let now = self.shared.clock.monotonic();
        self.breaker().admit(host, standing, now)
    }

    /// For a token request or a probe, made before it is sent: a block stops it, a pause of 429s
    /// does not. While another request is the trial for all, it waits, but no longer than
    /// `longest`.
    ///
    /// # Errors
    ///
    /// How long the block stays.
    pub(crate) async fn admit_token(
        &self,
        host: AccountHost,
        standing: Standing,
        longest: Duration,
    ) -> Result<Permit, Duration> {
        let clock = &self.shared.clock;
        let deadline = clock.monotonic().saturating_add(longest);
        loop {
            let now = clock.monotonic();
            let admitted = self.breaker().admit_token(host, standing, now);
            match admitted {
                Ok(permit) => return Ok(permit),
                Err(Rejected::Throttled { left }) if now.saturating_add(left) <= deadline => {
                    clock.pause(left).await;
                }
                Err(rejected) => return Err(rejected.left()),
            }
        }
    }

    /// Whether nothing at all is to be sent from here.
    pub(crate) fn is_egress_blocked(&self) -> bool {
        let now = self.shared.clock.monotonic();
        self.breaker().is_egress_blocked(now)
    }

    /// JSON or nothing, and not a stop sign; `is_success` if the platform did what was asked.
    pub(crate) fn answered(&self, permit: &Permit, is_success: bool) {
        let now = self.shared.clock.monotonic();
        self.breaker().answered(permit, is_success, now);
    }

    /// To be said after each request, whatever came.
    pub(crate) fn settle(&self, permit: &Permit) {
        let now = self.shared.clock.monotonic();
        self.breaker().settle(permit, now);
    }

    /// A 429. Returns the pause that follows.
    pub(crate) fn throttled(&self, permit: &Permit, asked: Option<Duration>) -> Duration {
        let settings = &self.shared.settings;
        let named = asked.unwrap_or_else(|| {
            let jitter = jitter::random_up_to(&self.shared.clock, settings.jitter);
            settings.breaker.pauses.unnamed.saturating_add(jitter)
        });
        let now = self.shared.clock.monotonic();
        let (pause, is_opened) = self.breaker().throttled(permit, Some(named), now);
        if is_opened {
            tracing::error!(
                host = permit.host.as_str(),
                left_seconds = pause.as_secs(),
                "breaker opened: too many requests, again and again"
            );
        }
        pause
    }

    /// A pause that another refusal names, such as a 503, within the bounds of the policy.
    pub(crate) fn bounded(&self, named: Option<Duration>) -> Option<Duration> {
        let policy = self.shared.settings.breaker.pauses;
        named.map(|named| policy.after(Some(named), None).length)
    }

    /// A 403 that is not JSON.
    pub(crate) fn blocked(&self, permit: &Permit) {
        let now = self.shared.clock.monotonic();
        let blocked = self.breaker().blocked(permit, now);
        let host = permit.host.as_str();
        match blocked {
            Blocked::Nothing => tracing::warn!(
                host,
                "a block page for an exchange: no evidence about this address"
            ),
            Blocked::Account => {
                tracing::error!(host, "breaker opened: the platform has blocked the account");
            }
            Blocked::Suspected => tracing::error!(
                host,
                "breaker opened for the account, and the address is suspected: another account tries for all"
            ),
            Blocked::WholeEgress => tracing::error!(
                host,
                "breaker opened: the platform has blocked this address"
            ),
        }
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.shared.clock
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.shared
            .breaker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for RequestBudget {
    fn default() -> Self {
        Self::new(BudgetSettings::new())
    }
}

impl fmt::Debug for RequestBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBudget")
            .field("settings", &self.shared.settings)
            .field("is_shared", &self.shared.store.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use kommo_account::{AccountHost, ClientId};

    use super::RequestBudget;
    use crate::budget::breaker::{Rejected, Standing};

    #[tokio::test]
    async fn who_waits_for_an_account_that_is_blocked_gets_no_place() {
        let host = AccountHost::parse("shop.kommo.com").unwrap();
        let client = ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap();
        let budget = RequestBudget::default();
        let known = Standing::Known;
        assert_eq!(budget.take(client, host, known).await, Ok(()));
        let permit = budget.admit(host, known).unwrap();
        budget.blocked(&permit);
        assert!(matches!(
            budget.take(client, host, known).await,
            Err(Rejected::Open(_))
        ));
    }
}
