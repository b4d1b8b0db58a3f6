//! What happened to a grant, for its history. No token and no text of the platform enters it.

use crate::grant::attempt::DoubtReason;
use crate::grant::disconnect_reason::DisconnectReason;
use crate::grant::hold::HoldKind;
use crate::grant::long_lived::EndWarning;
use crate::grant::states::ReauthReason;

/// One line of a grant's history: stored with the transition that it describes, in the same write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantEvent {
    /// A user consented, and the code was exchanged.
    Consented,
    /// A token or a pair was brought from outside.
    Imported,
    /// A refresh was recorded, to be sent next.
    AttemptBegun,
    /// A new pair was saved.
    Refreshed,
    /// A pair came too late to be the newest, and is kept.
    SpareKept,
    /// The outcome of an attempt is unknown.
    Doubted(DoubtReason),
    /// An attempt certainly changed nothing.
    WithoutEffect,
    /// The platform's answer proved one pair dead; others are left.
    PairRefused(ReauthReason),
    /// Every pair is proven dead.
    ReauthRequired(ReauthReason),
    /// The platform is not asked for a while.
    Held(HoldKind),
    /// It may be asked again.
    Lifted(HoldKind),
    /// The account has another host.
    HostMoved,
    /// The platform answered 401 to the newest access token.
    AccessRejected,
    /// The grant has ended.
    Disconnected(DisconnectReason),
    /// The platform took a long-lived token back.
    Revoked,
    /// A warning about the end of a long-lived token was reported.
    Warned(EndWarning),
}

impl GrantEvent {
    /// The name in the history.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consented => "consented",
            Self::Imported => "imported",
            Self::AttemptBegun => "attempt-begun",
            Self::Refreshed => "refreshed",
            Self::SpareKept => "spare-kept",
            Self::Doubted(_) => "in-doubt",
            Self::WithoutEffect => "without-effect",
            Self::PairRefused(_) => "pair-refused",
            Self::ReauthRequired(_) => "reauth-required",
            Self::Held(_) => "held",
            Self::Lifted(_) => "lifted",
            Self::HostMoved => "host-moved",
            Self::AccessRejected => "access-rejected",
            Self::Disconnected(_) => "disconnected",
            Self::Revoked => "revoked",
            Self::Warned(_) => "end-warning",
        }
    }

    /// The reason or kind that belongs to it, or an empty text.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Doubted(reason) => reason.name(),
            Self::PairRefused(reason) | Self::ReauthRequired(reason) => reason.name(),
            Self::Held(kind) | Self::Lifted(kind) => kind.name(),
            Self::Disconnected(reason) => reason.name(),
            Self::Warned(EndWarning::ThirtyDays) => "30-days",
            Self::Warned(EndWarning::SevenDays) => "7-days",
            Self::Warned(EndWarning::OneDay) => "1-day",
            Self::Warned(EndWarning::Ended) => "ended",
            _ => "",
        }
    }
}
