//! Long-lived tokens: made by hand in the integration's settings, never refreshed, known to end.
//!
//! Source: rule M7 of `docs/protocol.md`.

use core::time::Duration;

use crate::grant::disconnect_reason::DisconnectReason;
use crate::token::AccessToken;
use crate::unix_time::UnixSeconds;

const DAY: Duration = Duration::from_secs(86_400);

/// The state of a long-lived token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LongLivedState {
    /// It works as far as we know.
    Active,
    /// It has ended. No request is sent with it.
    Expired,
    /// The platform answered 401 to it: it was revoked.
    Revoked,
    /// It is not used here any more.
    Over(DisconnectReason),
}

/// Why a long-lived token is not used any more before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LongLivedEnd {
    /// The platform revoked it.
    Revoked,
    /// It was given up here, for this reason. The token is sealed.
    Over(DisconnectReason),
}

impl LongLivedEnd {
    /// The name that the stored record uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Over(reason) => reason.name(),
        }
    }

    /// The end of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == Self::Revoked.name() {
            return Some(Self::Revoked);
        }
        DisconnectReason::from_name(name).map(Self::Over)
    }
}

/// How near the end of a long-lived token is. Each warning is given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EndWarning {
    /// Thirty days or less.
    ThirtyDays,
    /// Seven days or less.
    SevenDays,
    /// One day or less.
    OneDay,
    /// It has ended.
    Ended,
}

/// A long-lived token: it has no refresh token (source: Kommo, "Long-lived token").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LongLived {
    /// The token.
    pub access_token: AccessToken,
    /// Its end, as its own claim `exp` says; `None` if it does not say.
    pub expires_at: Option<UnixSeconds>,
    /// Why it is not used any more, if it is not.
    pub ended: Option<LongLivedEnd>,
    /// The warning that was given last.
    pub warned: Option<EndWarning>,
}

impl LongLived {
    /// A token that works as far as we know.
    #[must_use]
    pub const fn new(access_token: AccessToken, expires_at: Option<UnixSeconds>) -> Self {
        Self {
            access_token,
            expires_at,
            ended: None,
            warned: None,
        }
    }

    /// Its state now. It is active up to and including the last second before its end.
    #[must_use]
    pub fn state(&self, now: UnixSeconds) -> LongLivedState {
        match self.ended {
            Some(LongLivedEnd::Revoked) => LongLivedState::Revoked,
            Some(LongLivedEnd::Over(reason)) => LongLivedState::Over(reason),
            None if self.expires_at.is_some_and(|end| end <= now) => LongLivedState::Expired,
            None => LongLivedState::Active,
        }
    }

    /// The warning that is due and was not given yet: 30, 7 and 1 days before the end, and at the
    /// end. There is no warning about a token that is no longer used.
    #[must_use]
    pub fn due_warning(&self, now: UnixSeconds) -> Option<EndWarning> {
        if self.ended.is_some() {
            return None;
        }
        let left = now.until(self.expires_at?);
        let stage = if left.is_zero() {
            EndWarning::Ended
        } else if left <= DAY {
            EndWarning::OneDay
        } else if left <= 7 * DAY {
            EndWarning::SevenDays
        } else if left <= 30 * DAY {
            EndWarning::ThirtyDays
        } else {
            return None;
        };
        (self.warned < Some(stage)).then_some(stage)
    }
}
