//! The token that callers share, and when it must be refreshed.

use alloc::sync::Arc;
use core::ops::Deref;
use core::time::Duration;

use arc_swap::Guard;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::UsableToken;
use kommo_oauth::refresh::RefreshPolicy;

/// A token that the store confirmed, with its times by the monotonic clock.
#[derive(Debug)]
pub(crate) struct CachedToken {
    pub(crate) usable: Arc<UsableToken>,
    /// Until then callers take it and do nothing else.
    pub(crate) fresh_until: Duration,
    /// Until then callers take it while a refresh is running.
    pub(crate) must_at: Duration,
    pub(crate) valid_until: Duration,
    /// The validity that a due refresh asks for.
    pub(crate) margin: Duration,
}

impl CachedToken {
    /// `random` moves the moment of the refresh within the policy's jitter.
    pub(crate) fn new(
        usable: Arc<UsableToken>,
        now: UnixSeconds,
        monotonic: Duration,
        policy: &RefreshPolicy,
        random: u64,
    ) -> Self {
        let left = usable.left(now);
        // A token with a short lifetime must not be due from the beginning.
        let lifetime = usable.left(usable.obtained_at);
        let margin = (policy.refresh_before + part_of(policy.jitter, random)).min(lifetime / 2);
        let valid_until = monotonic.saturating_add(left);
        Self {
            fresh_until: valid_until.saturating_sub(margin),
            must_at: valid_until.saturating_sub(policy.must_before.min(margin)),
            valid_until,
            margin,
            usable,
        }
    }
}

/// A random part of the length, from zero to all of it.
fn part_of(length: Duration, random: u64) -> Duration {
    let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % millis.saturating_add(1))
}

/// A fresh token, borrowed from the keeper without a lock and without an allocation. Do not keep
/// it: take one for each call.
#[derive(Debug)]
#[must_use]
pub struct FreshToken {
    guard: Guard<Option<Arc<CachedToken>>>,
}

impl FreshToken {
    /// The token in the guard, if it is fresh now.
    pub(crate) fn new(guard: Guard<Option<Arc<CachedToken>>>, monotonic: Duration) -> Option<Self> {
        let is_fresh = guard
            .as_ref()
            .is_some_and(|cached| monotonic < cached.fresh_until);
        is_fresh.then_some(Self { guard })
    }

    /// The token as a shared value.
    #[must_use]
    pub fn to_shared(&self) -> Arc<UsableToken> {
        Arc::clone(&self.cached().usable)
    }

    #[allow(
        clippy::expect_used,
        reason = "`new` makes a value of a guard with a token only, and nothing can change what a guard holds"
    )]
    fn cached(&self) -> &CachedToken {
        self.guard.as_deref().expect("the guard holds a token")
    }
}

impl Deref for FreshToken {
    type Target = UsableToken;

    fn deref(&self) -> &UsableToken {
        &self.cached().usable
    }
}
