//! A run: what it knows, which stage it is in, and what that stage asks for.

use alloc::boxed::Box;

use kommo_account::{AccountHost, ApiDomain};

use crate::grant::{
    AttemptId, DoubtReason, Generation, Grant, GrantKey, Hold, HoldKind, HoldScope, PairFate,
    PairNumber, ReauthReason, Requester, Transition, UnsavedPair,
};
use crate::refresh::policy::RefreshPolicy;
use crate::refresh::requirement::{Outcome, TokenRequirement, Unmet};
use crate::refresh::store_error_kind::StoreErrorKind;
use crate::token::{RefreshToken, RequestOrigin};
use crate::unix_time::UnixSeconds;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Read the grant from the store: `handle_loaded` or `handle_load_failed`.
    Load,
    /// Try to take the grant's lock, without waiting: `handle_locked` or `handle_lock_failed`.
    Lock,
    /// Read one pair of this grant that an earlier run could not save: `handle_lifeboat`.
    ReadLifeboat,
    /// Make sure that an unsaved pair of this grant can be written to a file later, whatever the
    /// disk then has left: `handle_lifeboat_reserved`. Nothing is sent before.
    ReserveLifeboat,
    /// Write the record in the place of the revision that it names: `handle_recorded`,
    /// `handle_conflict` or `handle_write_failed`.
    Record(&'a Transition),
    /// The same for a record with a new pair: `handle_saved`, `handle_conflict` or
    /// `handle_write_failed`.
    Save(&'a Transition),
    /// Send the refresh, once, with no retry below: `handle_sent`.
    Send {
        /// Where to.
        host: AccountHost,
        /// What with.
        refresh_token: &'a RefreshToken,
    },
    /// Ask where the account lives: `handle_located`.
    LookUp {
        /// Where to ask.
        api_domain: ApiDomain,
        /// What with. The look-up does not spend it.
        refresh_token: &'a RefreshToken,
    },
    /// Write the unsaved pair to a file, durably: `handle_lifeboat_written`, whether it worked or
    /// not.
    WriteLifeboat(&'a UnsavedPair),
    /// Remove its file: `handle_lifeboat_deleted`.
    DeleteLifeboat(&'a UnsavedPair),
    /// Wait for [`RefreshPolicy::save_pause`]: `handle_waited`.
    WaitToSave,
    /// Give back what was reserved for a pair: `handle_lifeboat_released`.
    ReleaseLifeboat,
    /// Give the lock back: `handle_released`.
    Release,
    /// Nothing is left to do.
    Done(&'a Outcome),
}

/// One run of the refresh protocol for one grant.
///
/// `poll` says what to do; the `handle_…` method of that step says what happened. Another method is refused with [`OutOfTurn`](crate::OutOfTurn) and
/// changes nothing. A run may be dropped at every point: what that leaves behind is what a crash
/// leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefreshProtocol {
    pub(super) key: GrantKey,
    pub(super) requirement: TokenRequirement,
    pub(super) requester: Requester,
    pub(super) policy: RefreshPolicy,
    /// Names the attempts of this run.
    pub(super) next_attempt: AttemptId,
    pub(super) stage: Stage,
    /// The record as it was last loaded or confirmed.
    pub(super) grant: Option<Grant>,
    pub(super) is_locked: bool,
    /// Whether a lifeboat may hold something. Asked once a run, until it is empty.
    pub(super) ask_lifeboat: bool,
    pub(super) has_looked_up: bool,
    pub(super) has_lifeboat: bool,
    /// Whether there is room for a pair of this run in the lifeboat.
    pub(super) is_reserved: bool,
    pub(super) conflicts: u8,
    /// The pair that is not saved yet.
    pub(super) unsaved: Option<UnsavedPair>,
    /// Whether `unsaved` came from a lifeboat and not from this run.
    pub(super) is_rescue: bool,
    /// Whether there is a file of `unsaved`.
    pub(super) is_in_lifeboat: bool,
    pub(super) sent: Option<Sent>,
    /// Where a look-up found the account.
    pub(super) moved_host: Option<AccountHost>,
    /// The hold that lies over the requester, whichever the grant.
    pub(super) own_hold: Option<Hold>,
    /// Whether the platform refused the requester in this run, and not the grant.
    pub(super) is_requester_refused: bool,
    /// The hold that came of that.
    pub(super) laid_on_requester: Option<Hold>,
}

/// The attempt on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    pub(super) attempt: AttemptId,
    pub(super) base: Generation,
    pub(super) used: PairNumber,
}

/// A refusal that may mean that the account lives elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Refusal {
    /// Where to ask.
    pub(super) api_domain: ApiDomain,
    /// The hold if the account lives where we asked.
    pub(super) on_same_host: Hold,
    /// The hold if nobody says where it lives.
    pub(super) on_unknown: Hold,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Load(LoadFor),
    Lock,
    ReadLifeboat,
    ReserveLifeboat,
    Record(Box<Transition>, AfterRecord),
    Send,
    LookUp(Refusal),
    Save(Box<Transition>, PairFate),
    WriteLifeboat,
    WaitToSave,
    DeleteLifeboat,
    ReleaseLifeboat(Outcome),
    Release(Outcome),
    Done(Outcome),
}

/// What a load is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LoadFor {
    /// To see whether there is anything to do.
    Look,
    /// The same under the lock.
    Begin,
    /// The record moved while the outcome of the attempt was being written.
    Settle(Settlement),
    /// To save the unsaved pair.
    Save,
}

/// What is to be written about an attempt that brought no pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Settlement {
    Doubt(DoubtReason),
    NotSent,
    Dead(ReauthReason),
    Held(Hold),
    Moved(AccountHost),
}

/// What follows a confirmed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AfterRecord {
    Send(Sent),
    /// Look at the record again: there may be more to do under the lock.
    Decide,
    /// The attempt is settled; the lock goes, with what the record then says.
    Conclude(Settlement),
}

impl RefreshProtocol {
    /// A run. `first_attempt` is random, sixteen bytes; later attempts of the run count on from it.
    /// `has_lifeboat` says whether there is a directory for pairs that cannot be saved.
    #[must_use]
    pub const fn new(
        key: GrantKey,
        requirement: TokenRequirement,
        requester: Requester,
        policy: RefreshPolicy,
        first_attempt: AttemptId,
        has_lifeboat: bool,
    ) -> Self {
        Self {
            key,
            requirement,
            requester,
            policy,
            next_attempt: first_attempt,
            stage: Stage::Load(LoadFor::Look),
            grant: None,
            is_locked: false,
            ask_lifeboat: has_lifeboat,
            has_looked_up: false,
            has_lifeboat,
            is_reserved: false,
            conflicts: 0,
            unsaved: None,
            is_rescue: false,
            is_in_lifeboat: false,
            sent: None,
            moved_host: None,
            own_hold: None,
            is_requester_refused: false,
            laid_on_requester: None,
        }
    }

    /// The same run without the look that most runs end with: for a caller that knows from
    /// elsewhere that the grant is due. What it does is decided by the record as it is under the
    /// lock, as ever.
    #[must_use]
    pub fn begin_at_lock(mut self) -> Self {
        if self.stage == Stage::Load(LoadFor::Look) {
            self.stage = Stage::Lock;
        }
        self
    }

    /// Tells which hold lies over the requester as a whole, from the answer to another grant's request.
    /// No attempt is begun while it stops the requester. Tell it before each `handle_loaded`; nothing
    /// told means that there is none.
    pub const fn set_own_hold(&mut self, hold: Option<Hold>) {
        self.own_hold = hold;
    }

    /// The hold that an answer to this run has laid over the requester as a whole: to be told to the
    /// runs of its other grants.
    #[must_use]
    pub const fn laid_on_requester(&self) -> Option<Hold> {
        self.laid_on_requester
    }

    /// What to do next. Always the same until a `handle_…` method was called.
    #[must_use]
    pub fn poll(&self) -> Step<'_> {
        match &self.stage {
            Stage::Load(_) => Step::Load,
            Stage::Lock => Step::Lock,
            Stage::ReadLifeboat => Step::ReadLifeboat,
            Stage::ReserveLifeboat => Step::ReserveLifeboat,
            Stage::Record(transition, _) => Step::Record(transition),
            Stage::Save(transition, _) => Step::Save(transition),
            Stage::Send => self.step_with_token(|host, refresh_token| Step::Send {
                host,
                refresh_token,
            }),
            Stage::LookUp(refusal) => self.step_with_token(|_, refresh_token| Step::LookUp {
                api_domain: refusal.api_domain,
                refresh_token,
            }),
            Stage::WriteLifeboat => self.step_with_unsaved(Step::WriteLifeboat),
            Stage::DeleteLifeboat => self.step_with_unsaved(Step::DeleteLifeboat),
            Stage::WaitToSave => Step::WaitToSave,
            Stage::ReleaseLifeboat(_) => Step::ReleaseLifeboat,
            Stage::Release(_) => Step::Release,
            Stage::Done(outcome) => Step::Done(outcome),
        }
    }

    /// INVARIANT: in the stages `Send` and `LookUp` there are a grant, an attempt and the pair that
    /// it names. If there were not, loading again would be harmless.
    fn step_with_token<'a>(
        &'a self,
        step: impl FnOnce(AccountHost, &'a RefreshToken) -> Step<'a>,
    ) -> Step<'a> {
        let parts = self.grant.as_ref().zip(self.sent.as_ref());
        let found = parts.and_then(|(grant, sent)| {
            let held = grant.state.pairs()?.find(sent.used)?;
            Some((grant.host, &held.pair.refresh_token))
        });
        found.map_or(Step::Load, |(host, token)| step(host, token))
    }

    /// INVARIANT: in the stages of the lifeboat there is an unsaved pair.
    fn step_with_unsaved<'a>(&'a self, step: impl FnOnce(&'a UnsavedPair) -> Step<'a>) -> Step<'a> {
        self.unsaved.as_ref().map_or(Step::Load, step)
    }

    /// The pair that was received and is not saved, if there is one: to be kept for a restart when
    /// the program ends now.
    #[must_use]
    pub const fn unsaved(&self) -> Option<&UnsavedPair> {
        self.unsaved.as_ref()
    }

    /// On whose word this run's request is made: a refusal says more about us if the grant has
    /// worked lately.
    #[must_use]
    pub fn origin(&self, now: UnixSeconds) -> RequestOrigin {
        match &self.grant {
            Some(grant) if grant.worked_lately(now) => RequestOrigin::KnownAccount,
            _ => RequestOrigin::OtherGrant,
        }
    }

    /// Whether the run believes that it holds the lock.
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Whose grant it is.
    #[must_use]
    pub const fn key(&self) -> &GrantKey {
        &self.key
    }

    /// Ends the run: with what was reserved, and then the lock, given back first.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        self.stage = if self.is_reserved {
            Stage::ReleaseLifeboat(outcome)
        } else if self.is_locked {
            Stage::Release(outcome)
        } else {
            Stage::Done(outcome)
        };
    }

    pub(super) fn unmet(&mut self, why: Unmet, now: UnixSeconds, again_at: Option<UnixSeconds>) {
        let usable = self.grant.as_ref().and_then(|grant| grant.usable(now));
        self.finish(Outcome::Unmet {
            why,
            usable,
            is_read: self.is_read(why),
            again_at,
        });
    }

    /// Whether this run has read a record, or that there is none.
    pub(super) fn is_read(&self, why: Unmet) -> bool {
        self.grant.is_some() || why == Unmet::NoGrant
    }

    /// Ends the run with a trouble of the store.
    pub(super) fn store_failed(&mut self, trouble: StoreErrorKind, now: UnixSeconds) {
        let again_at = (!trouble.needs_person()).then(|| self.soon(now));
        self.unmet(Unmet::StoreFailed(trouble), now, again_at);
    }

    /// A hold of the length that the policy has for it.
    pub(super) fn new_hold(&self, kind: HoldKind, scope: HoldScope, now: UnixSeconds) -> Hold {
        Hold::new(kind, scope, now, self.policy.hold_length(kind))
    }

    /// Shortly.
    pub(super) const fn soon(&self, now: UnixSeconds) -> UnixSeconds {
        now.plus(self.policy.unreachable_pause)
    }
}
