//! What to do with an authorization code after its exchange: every case, in one file. Nothing is
//! carried out here.
//!
//! ```text
//!   a pair ──────────────────────────────────────────> Keep: durable before anything uses it
//!   the code is refused ─────────────────────────────> Refused: never sent again
//!   lost, 5xx, unreadable ──────── once ── Again ────> Lost: the one more try was to learn what became of it
//!   an unknown 4xx, 404 ────────── once ── Again ────> Refused
//!   our client, 402, 429 ───────── Again, at twice the pause each time ──> Refused, after so many tries of any kind
//!   403, nothing sent ─────────── Again               until the code is too old; these tries do not count
//! ```
//!
//! No pause is longer than the life of a code. After a block nothing is sent for hours (rule L6),
//! so the code ends, unless a person has it tried before.
//!
//! Source: rules G10, G15 of `docs/protocol.md`.

use core::time::Duration;

use kommo_account::doubled;

use crate::grant::HoldKind;
use crate::refresh::policy::RefreshPolicy;
use crate::refresh::protocol::SendOutcome;
use crate::token::{DoubtCause, TokenAnswer, TokenPair, TokenRefusal, TokenRefusalKind};

/// How long the platform takes a code.
///
/// Source: vendor page "OAuth".
pub const CODE_LIFETIME: Duration = Duration::from_secs(20 * 60);

/// Exchanges that the platform may have processed before a code is given up: one, and one more to
/// learn the outcome of the first.
pub const EXCHANGES_AT_MOST: u32 = 2;

/// Exchanges of any kind before a refusal that may pass is final: the pauses between them double,
/// and add up to the lifetime of a code.
pub const TRIES_AT_MOST: u32 = 6;

/// The same for a code that anyone may have sent.
pub const TRIES_AT_MOST_FOR_STRANGERS: u32 = 3;

/// The first pause after a refusal that may pass. It doubles with each try.
const PAUSE_AT_FIRST: Duration = Duration::from_secs(30);

/// What was tried with a code before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EarlierTries {
    /// Exchanges that the platform may have processed.
    pub counted: u32,
    /// Tries of any kind.
    pub all: u32,
    /// Whether anyone may have sent the code: it came by the unsigned install hook, or by a consent
    /// that is bound to no session of the application.
    pub is_strangers: bool,
}

impl EarlierTries {
    /// What was tried before.
    #[must_use]
    pub const fn new(counted: u32, all: u32, is_strangers: bool) -> Self {
        Self {
            counted,
            all,
            is_strangers,
        }
    }

    /// Whether a refusal that may pass is final now.
    const fn are_used_up(self) -> bool {
        let limit = match self.is_strangers {
            true => TRIES_AT_MOST_FOR_STRANGERS,
            false => TRIES_AT_MOST,
        };
        self.all.saturating_add(1) >= limit
    }

    /// The pause before the next one.
    const fn pause(self) -> Duration {
        let doublings = match self.all < TRIES_AT_MOST {
            true => self.all,
            false => TRIES_AT_MOST,
        };
        doubled(PAUSE_AT_FIRST, doublings)
    }
}

/// What follows for a code. `Debug` shows no token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterExchange {
    /// The exchange returned a pair: store it before it is used.
    Keep(TokenPair),
    /// The platform refused the code for good. The user must start again.
    Refused(TokenRefusal),
    /// The answers were lost as often as the code may be sent. The user must start again.
    Lost,
    /// The code is kept for another exchange.
    Again(AnotherExchange),
}

/// An exchange that is to be tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnotherExchange {
    /// What the platform said, if it refused.
    pub refusal: Option<TokenRefusal>,
    /// Why the platform is not asked, if a person should know.
    pub hold: Option<HoldKind>,
    /// Whether the platform may have processed the code, so that this exchange counts towards
    /// [`EXCHANGES_AT_MOST`].
    pub counts: bool,
    /// The pause before it, at most [`CODE_LIFETIME`]. `None`: at the next opportunity, which is
    /// minutes away.
    pub pause: Option<Duration>,
}

impl AfterExchange {
    /// What follows from the outcome of an exchange.
    #[must_use]
    pub fn of(outcome: SendOutcome, earlier: EarlierTries, policy: &RefreshPolicy) -> Self {
        let after = match outcome {
            SendOutcome::Answered(TokenAnswer::Granted(pair)) => Self::Keep(pair),
            SendOutcome::Answered(TokenAnswer::Refused(refusal)) => {
                after_refusal(refusal, earlier, policy)
            }
            SendOutcome::Answered(TokenAnswer::InDoubt(cause)) => {
                after_doubt(pause_of(&cause, policy), earlier.counted)
            }
            SendOutcome::Lost => after_doubt(None, earlier.counted),
            SendOutcome::NotSent => Self::Again(AnotherExchange::default()),
            SendOutcome::Withheld { left } => Self::Again(AnotherExchange {
                hold: Some(HoldKind::Blocked),
                pause: Some(left),
                ..AnotherExchange::default()
            }),
        };
        match after {
            Self::Again(again) => Self::Again(AnotherExchange {
                pause: again.pause.map(|pause| pause.min(CODE_LIFETIME)),
                ..again
            }),
            after => after,
        }
    }
}

/// Whether an exchange that counts was the last one.
const fn is_last(earlier: u32) -> bool {
    earlier.saturating_add(1) >= EXCHANGES_AT_MOST
}

fn after_doubt(pause: Option<Duration>, earlier: u32) -> AfterExchange {
    if is_last(earlier) {
        return AfterExchange::Lost;
    }
    AfterExchange::Again(AnotherExchange {
        counts: true,
        pause,
        ..AnotherExchange::default()
    })
}

/// The pause that a 503 asks for, as far as a 429 may ask too.
fn pause_of(cause: &DoubtCause, policy: &RefreshPolicy) -> Option<Duration> {
    let DoubtCause::Status {
        retry_after_seconds,
        ..
    } = cause
    else {
        return None;
    };
    let asked = retry_after_seconds.map(Duration::from_secs)?;
    Some(policy.throttle_pauses().after(Some(asked), None).length)
}

fn after_refusal(
    refusal: TokenRefusal,
    earlier: EarlierTries,
    policy: &RefreshPolicy,
) -> AfterExchange {
    let again = Some(earlier.pause());
    let (hold, counts, pause) = match refusal.kind {
        TokenRefusalKind::CodeUndecryptable
        | TokenRefusalKind::CodeExpired
        | TokenRefusalKind::CodeRevoked
        | TokenRefusalKind::CodeOfAnotherClient
        | TokenRefusalKind::CodeMissing
        | TokenRefusalKind::InvalidAccount
        | TokenRefusalKind::InvalidGrant => return AfterExchange::Refused(refusal),
        TokenRefusalKind::ClientIdInvalid
        | TokenRefusalKind::ClientSecretInvalid
        | TokenRefusalKind::ClientRejected
        | TokenRefusalKind::RedirectUriMismatch
        | TokenRefusalKind::UnknownGrantType
        | TokenRefusalKind::Unauthorized => (HoldKind::ClientMisconfigured, false, again),
        TokenRefusalKind::Blocked | TokenRefusalKind::Forbidden => {
            let pause = policy.hold_length(HoldKind::Blocked);
            (HoldKind::Blocked, false, Some(pause))
        }
        TokenRefusalKind::Throttled {
            retry_after_seconds,
        } => {
            let asked = retry_after_seconds.map(Duration::from_secs);
            let before = (earlier.all > 0).then(|| earlier.pause() / 2);
            let pause = policy.throttle_pauses().after(asked, before);
            (HoldKind::Throttled, false, Some(pause.length))
        }
        // A hold of an hour would last longer than the code.
        TokenRefusalKind::PaymentRequired => (HoldKind::PaymentRequired, false, again),
        TokenRefusalKind::NotFound => (HoldKind::MovedHost, true, None),
        // A fault of a refresh token in answer to a code is as strange as an unknown one.
        TokenRefusalKind::RefreshTokenRevoked
        | TokenRefusalKind::RefreshTokenExpired
        | TokenRefusalKind::RefreshTokenUndecryptable
        | TokenRefusalKind::RefreshTokenOfAnotherClient
        | TokenRefusalKind::RefreshTokenMissing
        | TokenRefusalKind::Unknown => (HoldKind::Suspect, true, None),
    };
    if (counts && is_last(earlier.counted)) || (!counts && earlier.are_used_up()) {
        return AfterExchange::Refused(refusal);
    }
    AfterExchange::Again(AnotherExchange {
        refusal: Some(refusal),
        hold: Some(hold),
        counts,
        pause,
    })
}
