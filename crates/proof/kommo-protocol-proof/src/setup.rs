//! What stays the same in all behaviours of one check: the answers of the platform ready-made, the
//! policy, the mutation.

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Fingerprint, GrantKey, Requester};
use kommo_oauth::refresh::RefreshPolicy;
use kommo_oauth::token::{TokenAnswer, read_token_answer};

use crate::budget::Budget;
use crate::reading::Reading;

/// A mistake built in on purpose. The rules must catch it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// None: the protocol as it is.
    #[default]
    None,
    /// The store writes without comparing the revision.
    NoFence,
    /// The store keeps the newest pair only.
    SparesDropped,
    /// The token of an answer is handed out at once.
    HandedOutBeforeSave,
    /// The store confirms a record of an attempt that it never writes.
    AttemptNotWritten,
    /// A machine that goes down takes the last write of the store with it (`fsync` off).
    LastWriteForgotten,
    /// A missing answer is taken for a request that did not leave.
    LostTakenForNotSent,
    /// A page of a proxy, 401, is taken for a proof of death.
    NoiseTakenForDeath,
    /// A saved pair is not looked for in the lifeboat.
    LifeboatNotRead,
    /// `Token has been revoked` counts at once, although the attempt of a worker without its lock
    /// may still be answered.
    RevokedCountsAtOnce,
    /// The refresh token is sent although no room could be made in the lifeboat.
    RoomNotNeeded,
    /// The store grants the lock to every worker that asks.
    LockAlwaysGranted,
    /// A worker continues as if it had the lock that the store refused.
    LockRefusalIgnored,
    /// A late pair does not revive a grant that needs a consent.
    LateSpareNotRevived,
    /// A worker does not learn that its process is stopped as a whole.
    StopIgnored,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::NoFence,
        Self::SparesDropped,
        Self::HandedOutBeforeSave,
        Self::AttemptNotWritten,
        Self::LastWriteForgotten,
        Self::LostTakenForNotSent,
        Self::NoiseTakenForDeath,
        Self::LifeboatNotRead,
        Self::RevokedCountsAtOnce,
        Self::RoomNotNeeded,
        Self::LockAlwaysGranted,
        Self::LockRefusalIgnored,
        Self::LateSpareNotRevived,
        Self::StopIgnored,
    ];
}

/// A refusal that does not concern the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noise {
    /// 429.
    Throttled,
    /// 403 with a page.
    Blocked,
    /// 404 from something on the way.
    NotFound,
    /// 401 without a known hint.
    Unauthorized,
    /// 402.
    PaymentRequired,
}

impl Noise {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Throttled,
        Self::Blocked,
        Self::NotFound,
        Self::Unauthorized,
        Self::PaymentRequired,
    ];
}

/// The subject of a check, the platform's behaviour, and the bounds.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How the platform works.
    pub reading: Reading,
    /// How many workers there are, each on the machine of its number modulo `machines`.
    pub workers: usize,
    /// How many machines there are. Each has its own lifeboat.
    pub machines: usize,
    /// Whether there are lifeboats.
    pub has_lifeboat: bool,
    /// Whether access tokens name the host where the account can be looked up.
    pub has_api_domain: bool,
    /// Whether faults may hit a run that has written and received nothing. What they leave is the
    /// world without that run.
    pub has_wasted_runs: bool,
    /// Whether a request that took effect may be answered 503. To the protocol that is another name
    /// for an answer that was lost.
    pub has_server_errors: bool,
    /// Which refusals may come without a cause.
    pub noise: Vec<Noise>,
    /// How much may happen.
    pub budget: Budget,
    /// A mistake on purpose.
    pub mutation: Mutation,
    /// Pauses.
    pub policy: RefreshPolicy,
    /// Whether revisions and attempts count up for ever, or are renamed when the old name is no
    /// longer used. The latter keeps the state space finite; they are compared only for equality.
    pub counts_on: bool,
    pub(crate) key: GrantKey,
    pub(crate) home: AccountHost,
    pub(crate) elsewhere: AccountHost,
    pub(crate) revoked: TokenAnswer,
    pub(crate) server_error: TokenAnswer,
    refusals: Vec<(Noise, TokenAnswer)>,
}

/// How far the clock moves when time passes in a model: longer than any hold of the policy, shorter
/// than the life of an access token.
pub(crate) const HOURS: Duration = Duration::from_secs(7 * 3_600);

/// When everything begins.
pub(crate) const BEGINNING: UnixSeconds = UnixSeconds::new(1_700_000_000);

impl Setup {
    /// Two workers of one machine, with a lifeboat, no pauses, and nothing that goes wrong.
    ///
    /// # Panics
    ///
    /// If the fixed names in it are no names.
    #[must_use]
    #[allow(clippy::expect_used, reason = "fixed names, judged by every test")]
    pub fn new(reading: Reading) -> Self {
        let key = GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321");
        let host = |text| AccountHost::parse(text).expect("an account host");
        Self {
            reading,
            workers: 2,
            machines: 1,
            has_lifeboat: true,
            has_api_domain: false,
            has_wasted_runs: true,
            has_server_errors: true,
            noise: Vec::new(),
            budget: Budget::default(),
            mutation: Mutation::None,
            policy: policy_without_pauses(),
            counts_on: false,
            key: key.expect("a grant key"),
            home: host("myshop.kommo.com"),
            elsewhere: host("ourshop.kommo.com"),
            revoked: answer(401, br#"{"hint":"Token has been revoked","status":401}"#),
            server_error: answer(503, b""),
            refusals: Noise::ALL.map(|noise| (noise, refusal(noise))).to_vec(),
        }
    }

    /// One configuration; each machine has its own address.
    pub(crate) fn requester(machine: usize) -> Requester {
        let address = u8::try_from(machine).unwrap_or(u8::MAX);
        Requester::new(Fingerprint::new([1; 16]), Fingerprint::new([address; 16]))
    }

    pub(crate) fn refusal(&self, noise: Noise) -> TokenAnswer {
        let found = self.refusals.iter().find(|(own, _)| *own == noise);
        found.map_or_else(|| refusal(noise), |(_, answer)| answer.clone())
    }
}

fn refusal(noise: Noise) -> TokenAnswer {
    match noise {
        Noise::Throttled => answer(429, br#"{"retry_after":0}"#),
        Noise::Blocked => answer(403, b"<html>"),
        Noise::NotFound => answer(404, b"<html>"),
        Noise::Unauthorized => answer(401, b"<html>"),
        Noise::PaymentRequired => answer(402, b""),
    }
}

fn answer(status: u16, body: &[u8]) -> TokenAnswer {
    read_token_answer(status, None, None, body, BEGINNING)
}

/// All pauses zero, for a clock that stands still.
fn policy_without_pauses() -> RefreshPolicy {
    let mut policy = RefreshPolicy::new();
    policy.doubt_pauses = [Duration::ZERO; 6];
    policy.unreachable_pause = Duration::ZERO;
    policy.save_pause = Duration::ZERO;
    policy.throttled = Duration::ZERO;
    policy.throttled_at_least = Duration::ZERO;
    policy.throttled_at_most = Duration::ZERO;
    policy.throttled_grows_to = Duration::ZERO;
    policy
}
