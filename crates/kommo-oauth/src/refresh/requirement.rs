//! What a caller requires of a grant, and the outcome.

use core::time::Duration;

use crate::grant::{
    DisconnectReason, DoubtReason, Generation, Grant, HoldKind, ReauthReason, UsableToken,
};
use crate::refresh::store_error_kind::StoreErrorKind;
use crate::unix_time::UnixSeconds;

/// What a caller requires of a grant. The refresh protocol does nothing if the store meets it
/// already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TokenRequirement {
    /// The token must be valid for at least this long.
    pub min_validity: Duration,
    /// The token must be of a later generation than this.
    pub newer_than: Option<Generation>,
    /// The platform answered 401 to the token of [`newer_than`](Self::newer_than), and a probe
    /// confirmed it.
    pub is_rejected: bool,
    /// The pair must have been obtained at this instant or later.
    pub obtained_since: Option<UnixSeconds>,
    /// Half of its lifetime is enough for a short-lived token: otherwise it would be due from its
    /// first second.
    pub or_half_its_life: bool,
    /// A person asks: the pause after a doubt is skipped. Holds are; a person lifts them
    /// ([`Grant::lift`](crate::grant::Grant::lift)).
    pub is_persons_wish: bool,
}

impl TokenRequirement {
    /// The longest validity that can be required: 12 hours. A token is valid for a day, so only a
    /// brand-new token would meet a requirement near that, and each call would spend a refresh.
    /// With half a day, a token is used for at least the other half.
    pub const LONGEST_VALIDITY: Duration = Duration::from_secs(12 * 3_600);

    /// A token that is valid for at least this long, or for
    /// [`LONGEST_VALIDITY`](Self::LONGEST_VALIDITY) if this is longer.
    #[must_use]
    pub const fn valid_for(min_validity: Duration) -> Self {
        let min_validity = match min_validity.as_secs() >= Self::LONGEST_VALIDITY.as_secs() {
            true => Self::LONGEST_VALIDITY,
            false => min_validity,
        };
        Self {
            min_validity,
            newer_than: None,
            is_rejected: false,
            obtained_since: None,
            or_half_its_life: false,
            is_persons_wish: false,
        }
    }

    /// A token that is not due: valid for at least this long, or for half of its lifetime if that
    /// is shorter.
    #[must_use]
    pub const fn not_due(before: Duration) -> Self {
        Self {
            or_half_its_life: true,
            ..Self::valid_for(before)
        }
    }

    /// A token of a later generation: the operator asks for a refresh.
    #[must_use]
    pub const fn newer_than(generation: Generation) -> Self {
        Self {
            newer_than: Some(generation),
            ..Self::valid_for(Duration::ZERO)
        }
    }

    /// A token newer than one that the platform answered with 401, which a probe confirmed.
    #[must_use]
    pub const fn instead_of_rejected(generation: Generation) -> Self {
        Self {
            is_rejected: true,
            ..Self::newer_than(generation)
        }
    }

    /// A pair that is not older than this: keeps an unused grant alive.
    #[must_use]
    pub const fn obtained_since(instant: UnixSeconds) -> Self {
        Self {
            obtained_since: Some(instant),
            ..Self::valid_for(Duration::ZERO)
        }
    }

    /// The same, asked for by a person: a doubt is tried again at once.
    #[must_use]
    pub const fn by_person(self) -> Self {
        Self {
            is_persons_wish: true,
            ..self
        }
    }

    /// Whether the stored grant meets the requirement.
    #[must_use]
    pub fn is_met_by(&self, grant: &Grant, now: UnixSeconds) -> Option<UsableToken> {
        let usable = grant.usable(now)?;
        let min_validity = match self.or_half_its_life {
            true => usable.margin(self.min_validity),
            false => self.min_validity,
        };
        let is_met = usable.left(now) >= min_validity
            && self.newer_than.is_none_or(|old| usable.generation > old)
            && self
                .obtained_since
                .is_none_or(|instant| usable.obtained_at >= instant);
        is_met.then_some(usable)
    }
}

/// How a run of the refresh protocol ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The store meets the requirement.
    Met {
        /// The token.
        token: UsableToken,
        /// Where it came from.
        by: MetBy,
    },
    /// The requirement is not met, for now or for good. No token was lost.
    Unmet {
        /// Why.
        why: Unmet,
        /// A token that can be used meanwhile.
        usable: Option<UsableToken>,
        /// Whether a record was read. If not, a missing `usable` says nothing about a token that
        /// the caller has.
        is_read: bool,
        /// When it is worth asking again; `None` if only a person can help.
        again_at: Option<UnixSeconds>,
    },
}

/// Where the token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetBy {
    /// It was in the store, or another worker obtained it. This run sent no request.
    Store,
    /// This run: one request, saved and confirmed.
    Refresh,
}

/// Why the requirement is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unmet {
    /// There is no such grant.
    NoGrant,
    /// Another worker holds the grant's lock.
    Busy,
    /// A refresh of the grant in this process has not ended yet: a request without an answer, or a
    /// store that hangs.
    StillRunning,
    /// The platform is not asked for a while.
    Held(HoldKind),
    /// A refresh was sent, and its outcome is unknown.
    InDoubt(DoubtReason),
    /// The platform could not be reached; nothing was sent.
    Unreachable,
    /// A new consent is required.
    ReauthRequired(ReauthReason),
    /// The grant has ended.
    Disconnected(DisconnectReason),
    /// A long-lived token has ended.
    Expired,
    /// The platform revoked a long-lived token.
    Revoked,
    /// A long-lived token is valid for less than required, or is itself the token to be replaced.
    NotRefreshable,
    /// The store or the lifeboat cannot be read or written. A received pair is in memory or in the
    /// lifeboat.
    StoreFailed(StoreErrorKind),
    /// The record changed again and again while it was being written.
    Contended,
}

impl Unmet {
    /// The name that logs, metrics and the command line use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoGrant => "no-grant",
            Self::Busy => "busy",
            Self::StillRunning => "still-running",
            Self::Held(kind) => kind.name(),
            Self::InDoubt(_) => "in-doubt",
            Self::Unreachable => "unreachable",
            Self::ReauthRequired(_) => "reauth-required",
            Self::Disconnected(_) => "disconnected",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::NotRefreshable => "not-refreshable",
            Self::StoreFailed(trouble) => trouble.name(),
            Self::Contended => "contended",
        }
    }

    /// Whether only a person can help: no request will be sent by itself.
    #[must_use]
    pub const fn needs_person(self) -> bool {
        match self {
            Self::NoGrant
            | Self::ReauthRequired(_)
            | Self::Disconnected(_)
            | Self::Expired
            | Self::Revoked
            | Self::NotRefreshable => true,
            Self::StoreFailed(trouble) => trouble.needs_person(),
            Self::Busy
            | Self::StillRunning
            | Self::Held(_)
            | Self::InDoubt(_)
            | Self::Unreachable
            | Self::Contended => false,
        }
    }
}
