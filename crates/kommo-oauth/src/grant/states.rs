//! The states of a grant: one type for each, and the enum that stores them.

use crate::grant::attempt::{Attempt, Doubt, DoubtReason, Orphan};
use crate::grant::disconnect_reason::DisconnectReason;
use crate::grant::long_lived::{LongLived, LongLivedEnd};
use crate::grant::pairs::Pairs;
use crate::token::TokenRefusalKind;
use crate::unix_time::UnixSeconds;

/// An attempt is recorded; its answer is not.
///
/// A worker that finds this state while it holds the lock knows that the attempt's worker is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Refreshing {
    /// What the grant holds.
    pub pairs: Pairs,
    /// The attempt on its way.
    pub attempt: Attempt,
    /// The doubt that an earlier attempt left; this one is its declared retry.
    pub doubt: Option<Doubt>,
}

impl Refreshing {
    /// The outcome of the attempt is unknown.
    pub(crate) fn doubt(
        self,
        reason: DoubtReason,
        now: UnixSeconds,
        next_try: UnixSeconds,
    ) -> (Pairs, Doubt) {
        let doubt = Doubt {
            reason,
            used: self.attempt.used,
            since: self.doubt.map_or(now, |earlier| earlier.since),
            tries: self
                .doubt
                .map_or(1, |earlier| earlier.tries.saturating_add(1)),
            next_try,
            orphan: self.doubt.and_then(|earlier| earlier.orphan),
        };
        (self.pairs, doubt)
    }

    /// The attempt certainly changed nothing: it did not leave, or it was answered by a refusal
    /// that spends no token. The state before it returns: `Active`, or the earlier doubt.
    pub(crate) fn without_effect(self, next_try: UnixSeconds) -> (Pairs, Option<Doubt>) {
        let doubt = self.doubt.map(|doubt| Doubt { next_try, ..doubt });
        (self.pairs, doubt)
    }
}

/// The newest pair works as far as we know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Active {
    /// What the grant holds.
    pub pairs: Pairs,
}

impl Active {
    pub(crate) fn begin(self, attempt: Attempt) -> Refreshing {
        Refreshing {
            pairs: self.pairs,
            attempt,
            doubt: None,
        }
    }
}

/// A refresh was sent, and its outcome is unknown. The stored access token stays usable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InDoubt {
    /// What the grant holds.
    pub pairs: Pairs,
    /// What is known.
    pub doubt: Doubt,
}

impl InDoubt {
    pub(crate) fn begin(self, attempt: Attempt) -> Refreshing {
        Refreshing {
            pairs: self.pairs,
            attempt,
            doubt: Some(self.doubt),
        }
    }
}

/// The platform's proof of death for the newest pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReauthReason {
    /// `Token has been revoked`: spent or revoked.
    Revoked,
    /// `Token has expired`: idle for more than three months.
    Expired,
    /// `Cannot decrypt the refresh token`.
    Undecryptable,
    /// `Token is not linked to client`.
    OfAnotherClient,
}

impl ReauthReason {
    /// The proof of death that a refusal of the token endpoint is; `None` for every other refusal.
    #[must_use]
    pub const fn of_refusal(kind: TokenRefusalKind) -> Option<Self> {
        match kind {
            TokenRefusalKind::RefreshTokenRevoked => Some(Self::Revoked),
            TokenRefusalKind::RefreshTokenExpired => Some(Self::Expired),
            TokenRefusalKind::RefreshTokenUndecryptable => Some(Self::Undecryptable),
            TokenRefusalKind::RefreshTokenOfAnotherClient => Some(Self::OfAnotherClient),
            _ => None,
        }
    }

    /// The name that logs, metrics and the stored record use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Undecryptable => "undecryptable",
            Self::OfAnotherClient => "of-another-client",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Revoked,
            Self::Expired,
            Self::Undecryptable,
            Self::OfAnotherClient,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }
}

/// The platform's answers prove the newest pair and every spare dead. An administrator must consent
/// again.
///
/// The access token stays usable until it expires or is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReauthRequired {
    /// Sealed: they are no longer sent to the token endpoint.
    pub pairs: Pairs,
    /// The proof.
    pub reason: ReauthReason,
    /// Since when.
    pub since: UnixSeconds,
}

/// The grant has ended. Its tokens are not used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Disconnected {
    /// Sealed.
    pub pairs: Pairs,
    /// Why.
    pub reason: DisconnectReason,
    /// Since when.
    pub since: UnixSeconds,
}

/// The state of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantState {
    /// The newest pair works as far as we know.
    Active(Active),
    /// A refresh is on its way.
    Refreshing(Refreshing),
    /// A refresh was sent, and its outcome is unknown.
    InDoubt(InDoubt),
    /// Every pair is proven dead; a new consent is needed.
    ReauthRequired(ReauthRequired),
    /// The grant has ended.
    Disconnected(Disconnected),
    /// One token that is never refreshed.
    LongLived(LongLived),
}

impl GrantState {
    /// The name that logs, metrics, the command line and the stored record use. A long-lived token
    /// that was given up is `disconnected`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Active(_) => "active",
            Self::Refreshing(_) => "refreshing",
            Self::InDoubt(_) => "in-doubt",
            Self::ReauthRequired(_) => "reauth-required",
            Self::Disconnected(_)
            | Self::LongLived(LongLived {
                ended: Some(LongLivedEnd::Over(_)),
                ..
            }) => "disconnected",
            Self::LongLived(_) => "long-lived",
        }
    }

    /// The pairs, sealed or not; a long-lived token has none.
    #[must_use]
    pub const fn pairs(&self) -> Option<&Pairs> {
        match self {
            Self::Active(Active { pairs })
            | Self::Refreshing(Refreshing { pairs, .. })
            | Self::InDoubt(InDoubt { pairs, .. })
            | Self::ReauthRequired(ReauthRequired { pairs, .. })
            | Self::Disconnected(Disconnected { pairs, .. }) => Some(pairs),
            Self::LongLived(_) => None,
        }
    }

    /// The attempt that was taken over in this doubt, or in the one that an attempt is the retry
    /// of.
    #[must_use]
    pub const fn orphan(&self) -> Option<Orphan> {
        match self {
            Self::Refreshing(Refreshing {
                doubt: Some(doubt), ..
            })
            | Self::InDoubt(InDoubt { doubt, .. }) => doubt.orphan,
            _ => None,
        }
    }

    pub(crate) const fn pairs_mut(&mut self) -> Option<&mut Pairs> {
        match self {
            Self::Active(Active { pairs })
            | Self::Refreshing(Refreshing { pairs, .. })
            | Self::InDoubt(InDoubt { pairs, .. })
            | Self::ReauthRequired(ReauthRequired { pairs, .. })
            | Self::Disconnected(Disconnected { pairs, .. }) => Some(pairs),
            Self::LongLived(_) => None,
        }
    }
}
