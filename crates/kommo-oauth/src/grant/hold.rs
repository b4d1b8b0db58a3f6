//! Holds: reasons not to ask the platform for a while. They apply to a state and never change it,
//! and they lose no token.
//!
//! Source: rule M4 of `docs/protocol.md`.

use core::time::Duration;

use crate::unix_time::UnixSeconds;

/// The most by which the clocks of two machines may differ. A time that is further ahead than its
/// own length allows was written by a clock that is ahead, and is due.
pub(crate) const CLOCKS_MAY_DIFFER: Duration = Duration::from_secs(5 * 60);

/// Whether a time that was written as `since` to `until` is not over. One that would last longer
/// than its whole length, by more than clocks may differ, was written by a clock that is ahead: it
/// is over.
pub(crate) fn lasts(since: UnixSeconds, until: UnixSeconds, now: UnixSeconds) -> bool {
    let left = now.until(until);
    !left.is_zero() && left <= since.until(until) + CLOCKS_MAY_DIFFER
}

/// Sixteen bytes that stand for a configuration or an egress address. The caller makes them, as
/// this crate has no hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Takes the bytes, which are the beginning of a cryptographic hash and so reveal nothing of
    /// what was hashed.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Who is asking. A hold that one machine's configuration or address caused stops that machine
/// alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Requester {
    /// Of client id, redirect URI and client secret.
    pub configuration: Fingerprint,
    /// Of the address that requests leave from, as the operator names it.
    pub egress: Fingerprint,
}

impl Requester {
    /// Names who is asking.
    #[must_use]
    pub const fn new(configuration: Fingerprint, egress: Fingerprint) -> Self {
        Self {
            configuration,
            egress,
        }
    }
}

/// Why the platform is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HoldKind {
    /// 429: slow down.
    Throttled,
    /// 403 on the token endpoint, or a block page: the address or the account is blocked.
    Blocked,
    /// 402: the account is not paid for.
    PaymentRequired,
    /// The platform does not know our client id, secret or redirect URI. The grant may be fine.
    ClientMisconfigured,
    /// An answer of an unknown kind, or a 401 to an access token that had just replaced one that
    /// got 401.
    Suspect,
    /// The account is not at its host, and its new host is not known.
    MovedHost,
}

impl HoldKind {
    /// The name that logs, metrics and the stored record use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Blocked => "blocked",
            Self::PaymentRequired => "payment-required",
            Self::ClientMisconfigured => "client-misconfigured",
            Self::Suspect => "suspect",
            Self::MovedHost => "moved-host",
        }
    }

    /// Whether a hold of this kind stops every machine. The others come from one configuration or
    /// one address, and stop that one alone.
    #[must_use]
    pub const fn stops_everybody(self) -> bool {
        !matches!(self, Self::Blocked | Self::ClientMisconfigured)
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Throttled,
            Self::Blocked,
            Self::PaymentRequired,
            Self::ClientMisconfigured,
            Self::Suspect,
            Self::MovedHost,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// Whom a hold stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HoldScope {
    /// All requesters.
    Grant,
    /// Those who have this configuration.
    Configuration(Fingerprint),
    /// Those who send from this address.
    Egress(Fingerprint),
}

/// One hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Hold {
    /// Why.
    pub kind: HoldKind,
    /// Whom it stops.
    pub scope: HoldScope,
    /// Since when.
    pub since: UnixSeconds,
    /// Until when; then the platform is asked again.
    pub until: UnixSeconds,
}

impl Hold {
    /// A hold from now on.
    #[must_use]
    pub const fn new(kind: HoldKind, scope: HoldScope, now: UnixSeconds, length: Duration) -> Self {
        Self {
            kind,
            scope,
            since: now,
            until: now.plus(length),
        }
    }

    /// Whether this requester is one of those whom it stops, whenever that is.
    #[must_use]
    pub fn is_meant_for(&self, requester: &Requester) -> bool {
        match self.scope {
            HoldScope::Grant => true,
            HoldScope::Configuration(fingerprint) => fingerprint == requester.configuration,
            HoldScope::Egress(fingerprint) => fingerprint == requester.egress,
        }
    }

    /// Whether it stops this requester now.
    #[must_use]
    pub fn stops(&self, requester: &Requester, now: UnixSeconds) -> bool {
        self.is_meant_for(requester) && self.lasts(now)
    }

    /// How long it was to last when it was set.
    #[must_use]
    pub const fn length(&self) -> Duration {
        self.since.until(self.until)
    }

    /// Whether its end is still to come. One that would last longer than its whole length, by more
    /// than clocks may differ, was set by a machine whose clock is ahead, or our clock was set
    /// back: it has ended.
    #[must_use]
    pub fn lasts(&self, now: UnixSeconds) -> bool {
        lasts(self.since, self.until, now)
    }
}
