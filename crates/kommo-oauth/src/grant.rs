//! A grant as it is stored: whose it is, where it lives, and which of six states it is in.
//!
//! ```text
//!            begin               receive
//!   Active ────────> Refreshing ────────> Active (generation + 1)
//!                     │  │  │  └ without effect ──> Active, or InDoubt if it was the retry of a doubt
//!                doubt│  │  └ refused, all pairs ──> ReauthRequired ──┐
//!                     ▼  └ refused, others left ──┐                  │ a late answer, a late spare
//!                   InDoubt <─────────────────────┘ <────────────────┘
//!                     └ begin (with the same refresh token) ──> Refreshing
//!
//!   any ── disconnect confirmed, logout, export ──> Disconnected (generation + 1)
//!   any ── new consent ──> Active (generation + 1)
//! ```
//!
//! The moves themselves stand in one place: `transition.rs`.

pub(crate) mod attempt;
pub(crate) mod refreshing;
pub(crate) mod active;
pub(crate) mod in_doubt;
pub(crate) mod ended;

use alloc::vec::Vec;
use core::time::Duration;

use kommo_account::AccountHost;

use crate::generation::{Generation, Revision};
use crate::grant_key::GrantKey;
use crate::hold::{Asker, CLOCKS_MAY_DIFFER, Hold};
use crate::long_lived::{LongLived, LongLivedEnd, LongLivedState};
use crate::pairs::Pairs;
use crate::tokens::{AccessToken, TokenPair};
use crate::unix_time::UnixSeconds;

use self::active::Active;
use self::attempt::Orphan;
use self::ended::{Disconnected, ReauthRequired};
use self::in_doubt::InDoubt;
use self::refreshing::Refreshing;

/// A refresh that is older says nothing of today: two lives of an access token.
const LATELY: Duration = Duration::from_secs(2 * 86_400);

/// When a pair was obtained and when its access token ends, as far as the clock that reads it can
/// believe it.
///
/// A pair that comes from the future was stored by a machine whose clock was ahead, or our clock
/// was set back: its times say nothing. The server's own time of issue stands in, if it came with
/// the pair; else the token is handed out, since it may be good, but is due now.
fn credible_life(pair: &TokenPair, now: UnixSeconds) -> (UnixSeconds, UnixSeconds) {
    let is_credible = |at: UnixSeconds| now.until(at) <= CLOCKS_MAY_DIFFER;
    if is_credible(pair.obtained_at) {
        return (pair.obtained_at, pair.expires_at);
    }
    match pair.server_time.filter(|at| is_credible(*at)) {
        Some(issued) => (issued, issued.plus(pair.lifetime())),
        None => (UnixSeconds::new(0), now.plus(DUE_NOW)),
    }
}

/// Less than any margin before which a token is due.
const DUE_NOW: Duration = Duration::from_secs(10);

/// What is known of the pair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantState {
    /// The newest pair works as far as we know.
    Active(Active),
    /// A refresh is on its way.
    Refreshing(Refreshing),
    /// A refresh was sent and nobody knows what became of it.
    InDoubt(InDoubt),
    /// Every pair is proven dead; a new consent is needed.
    ReauthRequired(ReauthRequired),
    /// The grant is over.
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

/// A grant as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Grant {
    /// Whose it is.
    pub key: GrantKey,
    /// Where the account lives: the only host that its tokens are sent to.
    pub host: AccountHost,
    /// The fence.
    pub generation: Generation,
    /// How often the record was written; [`Revision::NOT_STORED`] before the first time.
    pub revision: Revision,
    /// Whether the user was an administrator when they consented, if that is known.
    pub is_admin: Option<bool>,
    /// What is known of the pair.
    pub state: GrantState,
    /// Reasons not to ask for a while. At most one of a kind and scope.
    pub holds: Vec<Hold>,
}

/// An access token that may be used, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Usable {
    /// The token.
    pub access_token: AccessToken,
    /// Where to send it.
    pub host: AccountHost,
    /// Its generation; a call that gets 401 names it.
    pub generation: Generation,
    /// When it was obtained, by our clock.
    pub obtained_at: UnixSeconds,
    /// When it ends; `None` for a long-lived token that does not say.
    pub expires_at: Option<UnixSeconds>,
}

impl Usable {
    /// A token that comes from elsewhere than a grant of this process, such as `kommo auth
    /// credential`: for those who hand tokens to a client themselves. Nothing is checked here.
    #[must_use]
    pub const fn new(
        access_token: AccessToken,
        host: AccountHost,
        generation: Generation,
        obtained_at: UnixSeconds,
        expires_at: Option<UnixSeconds>,
    ) -> Self {
        Self {
            access_token,
            host,
            generation,
            obtained_at,
            expires_at,
        }
    }

    /// How long before its end it is due: so long, but at most half of its life.
    #[must_use]
    pub fn margin(&self, before: Duration) -> Duration {
        before.min(self.left(self.obtained_at) / 2)
    }

    /// How long it still is valid; for a token that does not say, for ever.
    #[must_use]
    pub fn left(&self, now: UnixSeconds) -> Duration {
        self.expires_at.map_or(Duration::MAX, |end| now.until(end))
    }
}

impl Grant {
    /// The access token that may be used now. In doubt, and while a new consent is awaited, the one
    /// that we hold goes on serving until it expires or the platform says 401 to it.
    #[must_use]
    pub fn usable(&self, now: UnixSeconds) -> Option<Usable> {
        match &self.state {
            GrantState::Disconnected(_) => None,
            GrantState::LongLived(token) => (token.state(now) == LongLivedState::Active)
                .then(|| self.to_usable(&token.access_token, now, token.expires_at)),
            state => {
                let pairs = state.pairs()?;
                let newest = &pairs.newest().pair;
                let (obtained_at, expires_at) = credible_life(newest, now);
                let is_valid = now < expires_at && !pairs.access_rejected();
                is_valid.then(|| Usable {
                    obtained_at,
                    ..self.to_usable(&newest.access_token, now, Some(expires_at))
                })
            }
        }
    }

    fn to_usable(
        &self,
        access_token: &AccessToken,
        obtained_at: UnixSeconds,
        expires_at: Option<UnixSeconds>,
    ) -> Usable {
        Usable {
            access_token: access_token.clone(),
            host: self.host,
            generation: self.generation,
            obtained_at,
            expires_at,
        }
    }

    /// Whether a refresh of this grant has worked lately: what the platform now refuses is not the
    /// grant's own fault from its first day. A consent alone is none, as anybody can consent.
    #[must_use]
    pub fn worked_lately(&self, now: UnixSeconds) -> bool {
        self.state.pairs().is_some_and(|pairs| {
            let newest = pairs.newest();
            let obtained = newest.pair.obtained_at;
            newest.since > Generation::FIRST
                && obtained.until(now) <= LATELY
                && now.until(obtained) <= CLOCKS_MAY_DIFFER
        })
    }

    /// The generation in which this pair came, if the grant holds it. [`Generation::FIRST`] is the
    /// consent that made the grant.
    #[must_use]
    pub fn holds_since(&self, pair: &TokenPair) -> Option<Generation> {
        let held = self.state.pairs()?.find_pair(pair)?;
        Some(held.since)
    }

    /// The hold that stops this asker for the longest, if any does.
    #[must_use]
    pub fn hold_for(&self, asker: &Asker, now: UnixSeconds) -> Option<&Hold> {
        self.holds
            .iter()
            .filter(|hold| hold.stops(asker, now))
            .max_by_key(|hold| hold.until)
    }
}
