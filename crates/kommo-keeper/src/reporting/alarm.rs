//! Events for the application: new grants, and alarms for the operator.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use kommo_account::AccountId;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{DoubtReason, EndWarning, GrantKey, HoldKind, ReauthReason};

use crate::ports::grant_store::StoreErrorKind;
use crate::ports::pending_codes::CodeOrigin;

/// A code became a grant, and the grant is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewGrant {
    /// Its key.
    pub key: GrantKey,
    /// How the code came. A grant from an install hook belongs to an account and to no session.
    pub origin: CodeOrigin,
    /// What the application's `state` carried.
    pub carried: Option<String>,
    /// Whether there was no grant of this key before.
    pub is_first: bool,
    /// The account that the consent was asked for, if it is not the one that consented. Do not bind
    /// the grant to the user who asked.
    pub expected_account: Option<AccountId>,
}

/// An event that needs an operator's attention. It contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alarm {
    /// The grant's key, if it is about one grant.
    pub key: Option<GrantKey>,
    /// What.
    pub kind: AlarmKind,
}

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlarmKind {
    /// No request is sent for a while. Without a key: about a code that waits for its exchange, or,
    /// for a block, about the whole process, because two accounts that had worked recently were
    /// blocked.
    Held {
        /// Why.
        kind: HoldKind,
        /// Until when.
        until: Option<UnixSeconds>,
    },
    /// A refresh was sent and its outcome is unknown. It is tried again.
    InDoubt(DoubtReason),
    /// A new consent is required.
    ReauthRequired(ReauthReason),
    /// The platform revoked a long-lived token: make a new one.
    Revoked,
    /// A disconnect was reported and confirmed.
    Disconnected,
    /// The store failed.
    StoreFailed(StoreErrorKind),
    /// A new pair could not be saved. It is in memory and, if `in_lifeboat`, in a file.
    Unsaved {
        /// Whether a file was written.
        in_lifeboat: bool,
    },
    /// The lifeboat cannot be read or written.
    LifeboatFailed(StoreErrorKind),
    /// A long-lived token will expire soon.
    EndsSoon(EndWarning),
    /// The server's clock and ours differ by more than a minute.
    ClockDiffers {
        /// By how much, in seconds; positive if ours is ahead.
        seconds: i64,
    },
    /// The platform refused a code. It ended without a grant.
    CodeRefused,
    /// The answers to the exchanges of a code were lost, and it ended without a grant.
    CodeLost,
    /// A code grew too old while it waited for its exchange, and ended without a grant.
    CodeExpired,
    /// A code was exchanged, but its pair was not kept: the account was erased meanwhile.
    CodeErased,
    /// The table of pending codes is full.
    CodesFull,
    /// The protocol received a report that did not answer its step: a bug in this crate.
    UnexpectedReport,
}

impl AlarmKind {
    /// The name that logs and metrics use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Held { kind, .. } => kind.name(),
            Self::InDoubt(_) => "in-doubt",
            Self::ReauthRequired(_) => "reauth-required",
            Self::Revoked => "revoked",
            Self::Disconnected => "disconnected",
            Self::StoreFailed(_) => "store-failed",
            Self::Unsaved { .. } => "unsaved",
            Self::LifeboatFailed(_) => "lifeboat-failed",
            Self::EndsSoon(_) => "ends-soon",
            Self::ClockDiffers { .. } => "clock-differs",
            Self::CodeRefused => "code-refused",
            Self::CodeLost => "code-lost",
            Self::CodeExpired => "code-expired",
            Self::CodeErased => "code-erased",
            Self::CodesFull => "codes-full",
            Self::UnexpectedReport => "out-of-turn",
        }
    }
}

pub(crate) type OnGrant = dyn Fn(&NewGrant) + Send + Sync;
pub(crate) type OnAlarm = dyn Fn(&Alarm) + Send + Sync;

/// The application's listeners.
#[derive(Default)]
pub(crate) struct Listeners {
    pub(crate) on_grant: Option<Box<OnGrant>>,
    pub(crate) on_alarm: Option<Box<OnAlarm>>,
}

impl Listeners {
    pub(crate) fn report_grant(&self, grant: &NewGrant) {
        tracing::info!(key = %grant.key, origin = grant.origin.name(), "new grant");
        if let Some(listener) = &self.on_grant {
            catching_panics("on_grant", || listener(grant));
        }
    }

    pub(crate) fn raise_alarm(&self, key: Option<GrantKey>, kind: AlarmKind) {
        match key {
            Some(key) => tracing::warn!(%key, alarm = kind.name(), "alarm"),
            None => tracing::warn!(alarm = kind.name(), "alarm"),
        }
        if let Some(listener) = &self.on_alarm {
            catching_panics("on_alarm", || listener(&Alarm { key, kind }));
        }
    }
}

/// A listener that panics must not interrupt the keeper, which may be saving a pair.
fn catching_panics(name: &'static str, listener: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(listener)).is_err() {
        tracing::error!(listener = name, "a listener of the keeper panicked");
    }
}
