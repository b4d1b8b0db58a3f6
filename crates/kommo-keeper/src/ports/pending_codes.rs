//! Authorization codes between their arrival and their exchange. A code is valid for twenty minutes
//! and comes once, so it is stored durably before its request is answered.

use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{AuthorizationCode, TokenPair};

use crate::ports::grant_store::{GrantStore, StoreError};

/// How a code arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeOrigin {
    /// By the browser, with a `state` of ours, and with the session of the application that the
    /// `state` is bound to.
    Redirect,
    /// By a browser with a `state` of ours that is bound to no session of the application: any
    /// program may have begun that consent.
    UnboundRedirect,
    /// By the platform's install hook: unsigned, without a `state`, and bound to no session.
    InstallHook,
    /// Pasted by the operator.
    Pasted,
}

impl CodeOrigin {
    /// The name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::UnboundRedirect => "unbound-redirect",
            Self::InstallHook => "install-hook",
            Self::Pasted => "pasted",
        }
    }

    /// The origin of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Redirect,
            Self::UnboundRedirect,
            Self::InstallHook,
            Self::Pasted,
        ];
        all.into_iter().find(|origin| origin.name() == name)
    }

    /// Whether anyone may have sent it, with a code and a host of their choice.
    #[must_use]
    pub const fn is_strangers(self) -> bool {
        matches!(self, Self::UnboundRedirect | Self::InstallHook)
    }
}

/// A code that waits for its exchange.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PendingCode {
    /// The realm that it belongs to.
    pub realm: Realm,
    /// The integration.
    pub client_id: ClientId,
    /// The host where it is exchanged; it has passed the allow-list.
    pub host: AccountHost,
    /// The code. A store keeps it encrypted, under its hash.
    pub code: AuthorizationCode,
    /// How it came.
    pub origin: CodeOrigin,
    /// What the application's `state` carried, for `on_grant`. Not a secret; at most 1,024 bytes.
    pub carried: Option<String>,
    /// The account that the user was asked to consent for again. A consent for another account is
    /// kept, and reported as unexpected.
    pub expected_account: Option<AccountId>,
    /// When it came.
    pub received_at: UnixSeconds,
}

impl PendingCode {
    /// A code that has just arrived.
    #[must_use]
    pub const fn new(
        realm: Realm,
        client_id: ClientId,
        host: AccountHost,
        code: AuthorizationCode,
        origin: CodeOrigin,
        received_at: UnixSeconds,
    ) -> Self {
        Self {
            realm,
            client_id,
            host,
            code,
            origin,
            carried: None,
            expected_account: None,
            received_at,
        }
    }

    /// Adds the account that the consent was asked for.
    #[must_use]
    pub const fn with_expected_account(mut self, account_id: Option<AccountId>) -> Self {
        self.expected_account = account_id;
        self
    }

    /// Adds what the `state` carried.
    #[must_use]
    pub fn with_carried(mut self, carried: Option<String>) -> Self {
        self.carried = carried;
        self
    }
}

/// The result of storing a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodePut {
    /// It is durable.
    Stored,
    /// The same code was stored before.
    Duplicate,
    /// The store has as many codes as it takes, or as it takes of this origin. Strangers may flood
    /// it.
    Full,
    /// As many codes of this origin wait for this host as the store takes for one host. Those of
    /// other hosts are not affected.
    HostFull,
}

/// A code that this worker has claimed until the lease ends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClaimedCode {
    /// Identifies the row; not derived from the code.
    pub id: i64,
    /// Identifies the lease.
    pub token: u128,
    /// How often it was claimed before and not settled as an end that does not count: how many
    /// exchanges may have been sent already.
    pub earlier_claims: u32,
    /// How often it was claimed before, whatever came of it: this number only grows. It bounds the
    /// tries of every kind.
    pub earlier_tries: u32,
    /// The pair that an earlier claim got for the code, kept by [`PendingCodes::keep_answer`].
    pub answer: Option<TokenPair>,
    /// The code.
    pub pending: PendingCode,
}

impl ClaimedCode {
    /// A claim, as a store made it.
    #[must_use]
    pub const fn new(id: i64, token: u128, earlier_claims: u32, pending: PendingCode) -> Self {
        Self {
            id,
            token,
            earlier_claims,
            earlier_tries: earlier_claims,
            answer: None,
            pending,
        }
    }

    /// Adds how often it was claimed before, whatever came of it.
    #[must_use]
    pub const fn with_earlier_tries(mut self, earlier_tries: u32) -> Self {
        self.earlier_tries = earlier_tries;
        self
    }
}

/// How the story of a code ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeEnd {
    /// It became a grant.
    Exchanged,
    /// It cannot become one: expired, used, refused.
    Refused,
    /// It was pasted with the wrong account, or with one that does not exist, and is not spent. The
    /// store forgets it, so that it can be pasted again with the right account.
    WrongAccount,
    /// Not known; it is claimed again when the lease ends, and not before: only this worker may
    /// have its pair.
    TryAgain,
    /// Nothing was sent, or the platform answered without looking at the code. It is claimed again
    /// when the lease ends, and this claim does not count.
    NoEffect,
    /// It is claimed again when the pause is over, however long or short the lease is; the lease
    /// ends now.
    Later {
        /// How long.
        pause: Duration,
        /// Whether this claim counts.
        counts: bool,
    },
}

/// A durable, bounded table of codes.
///
/// `now` is for stores that have no clock of their own. A shared store measures ages by its own
/// clock: a caller whose clock is ahead would end the codes of all others.
pub trait PendingCodes: Send + Sync + 'static {
    /// What can go wrong.
    type Error: StoreError;

    /// Stores a code durably before it returns. Codes older than 20 minutes do not count towards
    /// the bound. Settled ones are removed; those that expired while they waited stay for
    /// [`expire_codes`](Self::expire_codes), but no longer than another 20 minutes.
    fn put_code(
        &self,
        pending: &PendingCode,
    ) -> impl Future<Output = Result<CodePut, Self::Error>> + Send;

    /// Ends the codes that grew older than 20 minutes while they waited, unclaimed and without a
    /// pair. Returns how many there were; each is counted once over all workers that share the
    /// store.
    fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Claims at most `limit` unclaimed codes for the length of the lease: those that a person
    /// stands behind first, then those of [unbound consents](CodeOrigin::UnboundRedirect), then
    /// those of install hooks, each newest first. Codes of other realms are not claimed.
    fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<ClaimedCode>, Self::Error>> + Send;

    /// Like [`claim_codes`](Self::claim_codes), without the codes that anyone may have sent
    /// ([`CodeOrigin::is_strangers`]): a flood of those must not slow the others.
    fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<ClaimedCode>, Self::Error>> + Send;

    /// Ends the pauses ([`CodeEnd::Later`]) of the codes that wait, of this host alone if one is
    /// named: a person has fixed what they wait for, and the next claim may take them. A code that
    /// a worker has claimed stays claimed. Returns how many were paused.
    fn lift_code_pauses(
        &self,
        realm: Realm,
        client_id: &ClientId,
        host: Option<AccountHost>,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Claims this code, if it waits and is unclaimed.
    fn claim_code(
        &self,
        pending: &PendingCode,
        now: UnixSeconds,
        lease: Duration,
    ) -> impl Future<Output = Result<Option<ClaimedCode>, Self::Error>> + Send;

    /// Notes for a person why a claimed code still waits: a name such as `payment-required`, at
    /// most 64 bytes, without a secret.
    fn note_code(
        &self,
        claimed: &ClaimedCode,
        why: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Stores the pair of the exchange, durably and encrypted, before anything uses it: its account
    /// is not known yet. It is removed when the code is settled as [`CodeEnd::Exchanged`].
    fn keep_answer(
        &self,
        claimed: &ClaimedCode,
        pair: &TokenPair,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Settles a code. The hash of a code that is done stays for 20 minutes, so that a second
    /// delivery is a duplicate.
    fn settle_code(
        &self,
        claimed: &ClaimedCode,
        end: CodeEnd,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A store of grants and codes with one error type: what a consent needs.
pub trait CodeStore: GrantStore + PendingCodes<Error = <Self as GrantStore>::Error> {}

impl<S> CodeStore for S where S: GrantStore + PendingCodes<Error = <S as GrantStore>::Error> {}

/// A store shared by several keepers.
impl<S: PendingCodes> PendingCodes for Arc<S> {
    type Error = S::Error;

    fn put_code(
        &self,
        pending: &PendingCode,
    ) -> impl Future<Output = Result<CodePut, Self::Error>> + Send {
        S::put_code(self, pending)
    }

    fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<ClaimedCode>, Self::Error>> + Send {
        S::claim_codes(self, realm, client_id, now, limit, lease)
    }

    fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<ClaimedCode>, Self::Error>> + Send {
        S::claim_consents(self, realm, client_id, now, limit, lease)
    }

    fn lift_code_pauses(
        &self,
        realm: Realm,
        client_id: &ClientId,
        host: Option<AccountHost>,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send {
        S::lift_code_pauses(self, realm, client_id, host)
    }

    fn claim_code(
        &self,
        pending: &PendingCode,
        now: UnixSeconds,
        lease: Duration,
    ) -> impl Future<Output = Result<Option<ClaimedCode>, Self::Error>> + Send {
        S::claim_code(self, pending, now, lease)
    }

    fn note_code(
        &self,
        claimed: &ClaimedCode,
        why: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        S::note_code(self, claimed, why)
    }

    fn keep_answer(
        &self,
        claimed: &ClaimedCode,
        pair: &TokenPair,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        S::keep_answer(self, claimed, pair)
    }

    fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send {
        S::expire_codes(self, realm, client_id, now)
    }

    fn settle_code(
        &self,
        claimed: &ClaimedCode,
        end: CodeEnd,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        S::settle_code(self, claimed, end)
    }
}
