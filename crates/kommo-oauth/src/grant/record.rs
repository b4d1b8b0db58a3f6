//! A grant as it is stored: its key, the host of its account, and its state.

use alloc::vec::Vec;
use core::time::Duration;

use kommo_account::AccountHost;

use crate::grant::generation::{Generation, Revision};
use crate::grant::hold::{CLOCKS_MAY_DIFFER, Hold, Requester};
use crate::grant::key::GrantKey;
use crate::grant::long_lived::LongLivedState;
use crate::grant::states::GrantState;
use crate::grant::usable_token::UsableToken;
use crate::token::{AccessToken, TokenPair};
use crate::unix_time::UnixSeconds;

/// A grant as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Grant {
    /// Whose it is.
    pub key: GrantKey,
    /// The host of the account: the only host that its tokens are sent to.
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

impl Grant {
    /// The access token that may be used now. In doubt, and while a new consent is awaited, the
    /// stored one stays usable until it expires or the platform answers it with 401.
    #[must_use]
    pub fn usable(&self, now: UnixSeconds) -> Option<UsableToken> {
        match &self.state {
            GrantState::Disconnected(_) => None,
            GrantState::LongLived(token) => (token.state(now) == LongLivedState::Active)
                .then(|| self.to_usable(&token.access_token, now, token.expires_at)),
            state => {
                let pairs = state.pairs()?;
                let newest = &pairs.newest().pair;
                let (obtained_at, expires_at) = credible_life(newest, now);
                let is_valid = now < expires_at && !pairs.access_rejected();
                is_valid.then(|| UsableToken {
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
    ) -> UsableToken {
        UsableToken {
            access_token: access_token.clone(),
            host: self.host,
            generation: self.generation,
            obtained_at,
            expires_at,
        }
    }

    /// Whether a refresh of this grant has worked lately, so that a refusal now does not come from
    /// a grant that never worked. A consent alone does not count, as anyone can consent.
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

    /// The hold that stops this requester for the longest, if any does.
    #[must_use]
    pub fn hold_for(&self, requester: &Requester, now: UnixSeconds) -> Option<&Hold> {
        self.holds
            .iter()
            .filter(|hold| hold.stops(requester, now))
            .max_by_key(|hold| hold.until)
    }
}

/// An older refresh does not count as recent: twice the lifetime of an access token.
const LATELY: Duration = Duration::from_secs(2 * 86_400);

/// When a pair was obtained and when its access token ends, as far as the clock that reads it can
/// believe it.
///
/// A pair that comes from the future was stored by a machine whose clock was ahead, or our clock
/// was set back: its times cannot be used. The server's time of issue is used instead, if it came
/// with the pair; else the token is handed out, since it may be good, but is due now.
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
