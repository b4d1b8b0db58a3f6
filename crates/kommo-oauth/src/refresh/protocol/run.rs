//! A run: its data, its stage, and the step that the stage asks for.

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
    /// Read the grant from the store: `Loaded` or `Failed`.
    Load,
    /// Try to take the grant's lock, without waiting: `Locked`, `Busy` or `Failed`.
    Lock,
    /// Read one pair of this grant that an earlier run could not save: `LifeboatRead` or `Failed`.
    ReadLifeboat,
    /// Make sure that an unsaved pair of this grant can be written to a file later, whatever the
    /// disk then has left: `Done` or `Failed`. No request is sent before.
    ReserveLifeboat,
    /// Replace the revision that the record names by the record: `Recorded`, `Conflict` or
    /// `Failed`.
    Record(&'a Transition),
    /// The same for a record with a new pair: `Saved`, `Conflict` or `Failed`.
    Save(&'a Transition),
    /// Send the refresh, once, with no retry below: `Sent`.
    Send {
        /// The host.
        host: AccountHost,
        /// The refresh token.
        refresh_token: &'a RefreshToken,
    },
    /// Ask for the current host of the account: `Located`.
    LookUp {
        /// The host to ask.
        api_domain: ApiDomain,
        /// The refresh token. The look-up does not spend it.
        refresh_token: &'a RefreshToken,
    },
    /// Write the unsaved pair to a file, durably: `Done` or `Failed`.
    WriteLifeboat(&'a UnsavedPair),
    /// Remove its file: `Done` or `Failed`.
    DeleteLifeboat(&'a UnsavedPair),
    /// Wait for [`RefreshPolicy::save_pause_after`]: `Done`.
    WaitToSave,
    /// Release the space that was reserved for a pair, if possible: `Done`.
    ReleaseLifeboat,
    /// Release the lock, if possible: `Done`.
    Release,
    /// The run has ended.
    Done(&'a Outcome),
}

/// One run of the refresh protocol for one grant.
///
/// [`poll`](Self::poll) says what to do; [`handle`](Self::handle) takes the result. A run may be
/// dropped at any point: the effect is that of a crash.
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
    pub(super) lifeboat: Lifeboat,
    pub(super) conflicts: u8,
    /// The pair that is not saved yet.
    pub(super) unsaved: Option<Unsaved>,
    pub(super) sent: Option<Sent>,
    pub(super) look_up: LookUp,
    pub(super) own: OnRequester,
}

/// The state of the lifeboat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lifeboat {
    pub(super) exists: bool,
    /// Whether it may hold a pair of this grant. Asked once a run, until it is empty.
    pub(super) may_hold_pair: bool,
    /// Whether there is room in it for a pair of this run.
    pub(super) is_reserved: bool,
}

/// A pair that is not saved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Unsaved {
    pub(super) pair: UnsavedPair,
    pub(super) kept_in: KeptIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeptIn {
    /// It came in this run.
    Memory,
    /// The same, and there is a file of it.
    MemoryAndLifeboat,
    /// An earlier run left it in its file.
    LifeboatOfEarlierRun,
}

/// The look-up of the account, at most once a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LookUp {
    NotAsked,
    Asked,
    /// The account has another host.
    MovedTo(AccountHost),
}

/// What concerns the requester as a whole, not one grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct OnRequester {
    /// The hold that stops it.
    pub(super) hold: Option<Hold>,
    /// Whether the platform refused it in this run, and not the grant.
    pub(super) is_refused: bool,
    /// The hold that this caused.
    pub(super) laid: Option<Hold>,
}

/// The attempt on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    pub(super) attempt: AttemptId,
    pub(super) base: Generation,
    pub(super) used: PairNumber,
}

/// A refusal that may mean that the account has another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Refusal {
    /// Where to ask.
    pub(super) api_domain: ApiDomain,
    /// The hold if the account still has the host that we asked.
    pub(super) on_same_host: Hold,
    /// The hold if the host cannot be learned.
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

/// Why the record is loaded.
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

/// What to record about an attempt that brought no pair.
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
    /// Read the record again: there may be more to do under the lock.
    Decide,
    /// The attempt is settled; the lock is released, and the record decides the outcome.
    Conclude(Settlement),
}

impl RefreshProtocol {
    /// A run. `first_attempt` is random, sixteen bytes; later attempts of the run count up from it.
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
            lifeboat: Lifeboat {
                exists: has_lifeboat,
                may_hold_pair: has_lifeboat,
                is_reserved: false,
            },
            conflicts: 0,
            unsaved: None,
            sent: None,
            look_up: LookUp::NotAsked,
            own: OnRequester {
                hold: None,
                is_refused: false,
                laid: None,
            },
        }
    }

    /// The same run without the first load, with which most runs end: for a caller that knows
    /// already that the grant is due. The record under the lock decides, as in every run.
    #[must_use]
    pub fn begin_at_lock(mut self) -> Self {
        if self.stage == Stage::Load(LoadFor::Look) {
            self.stage = Stage::Lock;
        }
        self
    }

    /// Sets the hold of the requester as a whole, which the answer to another grant's request
    /// caused. No attempt begins while it stops the requester. Set it before each `Loaded`; by
    /// default there is no hold.
    pub const fn set_own_hold(&mut self, hold: Option<Hold>) {
        self.own.hold = hold;
    }

    /// The hold of the requester as a whole that an answer to this run has caused: pass it to the
    /// runs of its other grants.
    #[must_use]
    pub const fn laid_on_requester(&self) -> Option<Hold> {
        self.own.laid
    }

    /// What to do next. Always the same until [`handle`](Self::handle) was called.
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
    /// it names. If not, loading again is harmless.
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
        self.unsaved().map_or(Step::Load, step)
    }

    /// The pair that was received and is not saved, if there is one: to be kept if the program ends
    /// now.
    #[must_use]
    pub fn unsaved(&self) -> Option<&UnsavedPair> {
        self.unsaved.as_ref().map(|unsaved| &unsaved.pair)
    }

    /// Whether the unsaved pair is in a file too.
    pub(super) fn is_in_lifeboat(&self) -> bool {
        self.unsaved
            .as_ref()
            .is_some_and(|unsaved| unsaved.kept_in != KeptIn::Memory)
    }

    /// Whether an earlier run left the unsaved pair in its file.
    pub(super) fn is_recovery(&self) -> bool {
        self.unsaved
            .as_ref()
            .is_some_and(|unsaved| unsaved.kept_in == KeptIn::LifeboatOfEarlierRun)
    }

    /// How far this run's request is trusted: a refusal says more about our configuration if the
    /// grant has worked lately.
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

    /// The key of the grant.
    #[must_use]
    pub const fn key(&self) -> &GrantKey {
        &self.key
    }

    /// Ends the run, after the reserved space and then the lock are released.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        self.stage = if self.lifeboat.is_reserved {
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

    /// Whether this run has loaded the record, or learned that there is no record.
    pub(super) fn is_read(&self, why: Unmet) -> bool {
        self.grant.is_some() || why == Unmet::NoGrant
    }

    /// Ends the run with a failure of the store.
    pub(super) fn store_failed(&mut self, kind: StoreErrorKind, now: UnixSeconds) {
        let again_at = (!kind.needs_person()).then(|| self.soon(now));
        self.unmet(Unmet::StoreFailed(kind), now, again_at);
    }

    /// A hold of the length that the policy has for it.
    pub(super) fn new_hold(&self, kind: HoldKind, scope: HoldScope, now: UnixSeconds) -> Hold {
        Hold::new(kind, scope, now, self.policy.hold_length(kind))
    }

    /// Soon.
    pub(super) const fn soon(&self, now: UnixSeconds) -> UnixSeconds {
        now.plus(self.policy.unreachable_pause)
    }
}
