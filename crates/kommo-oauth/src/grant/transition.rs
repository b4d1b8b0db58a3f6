//! Every transition of a grant, in one file. Each takes the grant as it was loaded and returns the
//! grant to store, with the line for its history. Nothing is carried out here.
//!
//! The fence: what belongs to an attempt names the attempt, or the generation that it started from.
//! A grant that has changed since is not set back: a late refusal or a late doubt changes nothing
//! in it, and a late pair becomes a spare.
//!
//! Source: rules M3 to M5, M8 of `docs/protocol.md`.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use kommo_account::AccountHost;

use crate::grant::attempt::{Attempt, AttemptId, Doubt, DoubtReason, Orphan};
use crate::grant::disconnect_reason::DisconnectReason;
use crate::grant::event::GrantEvent;
use crate::grant::generation::{Generation, PairNumber, Revision};
use crate::grant::hold::{Hold, HoldKind, HoldScope};
use crate::grant::key::GrantKey;
use crate::grant::long_lived::{EndWarning, LongLived, LongLivedEnd};
use crate::grant::pairs::Pairs;
use crate::grant::record::Grant;
use crate::grant::states::{
    Active, Disconnected, GrantState, InDoubt, ReauthReason, ReauthRequired, Refreshing,
};
use crate::token::TokenPair;
use crate::unix_time::UnixSeconds;

/// A grant as it is to be stored, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Transition {
    /// To be stored in place of the revision that it names.
    pub grant: Grant,
    /// For the history.
    pub event: GrantEvent,
}

/// A transition that the grant's state does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IllegalTransition {
    /// The state that the grant is in.
    pub state: &'static str,
    /// The transition.
    pub tried: &'static str,
}

impl fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a grant in state {} does not allow `{}`",
            self.state, self.tried
        )
    }
}

impl core::error::Error for IllegalTransition {}

/// What happened to a pair that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PairFate {
    /// It is the newest now.
    Newest,
    /// It came too late (the fence) and is kept as a spare.
    Spare,
    /// It is held already: an earlier write, whose confirmation was lost, did happen.
    Known,
}

impl Grant {
    /// A consent: the first grant of this key, or a new pair for the existing one.
    ///
    /// The pairs of a usable grant stay as spares until the next refresh succeeds; sealed ones are
    /// dropped.
    #[must_use]
    pub fn consent(
        earlier: Option<Self>,
        key: GrantKey,
        host: AccountHost,
        is_admin: Option<bool>,
        pair: TokenPair,
    ) -> Transition {
        Self::anew(
            earlier,
            key,
            host,
            is_admin,
            GrantEvent::Consented,
            |earlier, generation| {
                let mut pairs = match earlier {
                    Some(GrantState::Active(Active { mut pairs }))
                    | Some(GrantState::InDoubt(InDoubt { mut pairs, .. })) => {
                        let proven = pairs.newest().since;
                        pairs.succeed(pair, generation, proven);
                        pairs
                    }
                    Some(GrantState::Refreshing(refreshing)) => {
                        let mut pairs = refreshing.pairs;
                        let proven = pairs.newest().since;
                        pairs.succeed(pair, generation, proven);
                        pairs
                    }
                    Some(GrantState::ReauthRequired(ReauthRequired { mut pairs, .. }))
                    | Some(GrantState::Disconnected(Disconnected { mut pairs, .. })) => {
                        pairs.succeed(pair, generation, generation);
                        pairs
                    }
                    Some(GrantState::LongLived(_)) | None => Pairs::first(pair, generation),
                };
                pairs.begin_anew();
                GrantState::Active(Active { pairs })
            },
        )
    }

    /// A long-lived token, imported by the operator. Sealed pairs are dropped.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] for a grant whose pairs may be valid, in `Active`, `Refreshing` and
    /// `InDoubt`: no pair is thrown away (I6).
    pub fn import_long_lived(
        earlier: Option<Self>,
        key: GrantKey,
        host: AccountHost,
        token: LongLived,
    ) -> Result<Transition, IllegalTransition> {
        if let Some(grant) = &earlier
            && let GrantState::Active(_) | GrantState::Refreshing(_) | GrantState::InDoubt(_) =
                &grant.state
        {
            return Err(illegal(&grant.state, "import a long-lived token"));
        }
        Ok(Self::anew(
            earlier,
            key,
            host,
            Some(true),
            GrantEvent::Imported,
            |_, _| GrantState::LongLived(token),
        ))
    }

    fn anew(
        earlier: Option<Self>,
        key: GrantKey,
        host: AccountHost,
        is_admin: Option<bool>,
        event: GrantEvent,
        state: impl FnOnce(Option<GrantState>, Generation) -> GrantState,
    ) -> Transition {
        let (generation, revision, known_admin, state_before) = match earlier {
            Some(grant) => (
                grant.generation.next(),
                grant.revision,
                grant.is_admin,
                Some(grant.state),
            ),
            None => (Generation::FIRST, Revision::NOT_STORED, None, None),
        };
        let grant = Self {
            key,
            host,
            generation,
            revision,
            is_admin: is_admin.or(known_admin),
            state: state(state_before, generation),
            holds: Vec::new(),
        };
        Transition { grant, event }
    }

    /// A first record of this key that begins after a generation: earlier records of the store were
    /// erased, and their runs may still be on their way. The generation and the numbers of the
    /// pairs are later than any that such a run can name, so it meets the fence: its refusal marks
    /// no pair of this record, and its pair becomes a spare.
    #[must_use]
    pub fn begin_after(mut self, last: Generation) -> Self {
        self.generation = self.generation.after(last);
        if let Some(pairs) = self.state.pairs_mut() {
            pairs.number_after(last);
        }
        match &mut self.state {
            GrantState::InDoubt(InDoubt { doubt, .. }) => doubt.used = doubt.used.after(last),
            GrantState::Refreshing(Refreshing { attempt, doubt, .. }) => {
                attempt.used = attempt.used.after(last);
                if let Some(doubt) = doubt {
                    doubt.used = doubt.used.after(last);
                }
            }
            _ => {}
        }
        self
    }

    /// An attempt, to be recorded before it is sent. In doubt it is the declared retry.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] in every state but `Active` and `InDoubt`, and for an attempt with a
    /// pair that the grant does not hold.
    pub fn begin(self, attempt: Attempt) -> Result<Transition, IllegalTransition> {
        let pairs = self.state.pairs();
        if pairs.is_none_or(|pairs| pairs.find(attempt.used).is_none()) {
            return Err(illegal(&self.state, "begin"));
        }
        let state = match self.state {
            GrantState::Active(active) => active.begin(attempt),
            GrantState::InDoubt(in_doubt) => in_doubt.begin(attempt),
            other => return Err(illegal(&other, "begin")),
        };
        Ok(Transition {
            grant: Self {
                state: GrantState::Refreshing(state),
                ..self
            },
            event: GrantEvent::AttemptBegun,
        })
    }

    /// The holder of the lock finds an attempt under way: its worker is gone, and its outcome is
    /// unknown. Every other state stays as it is. The attempt may still be answered for
    /// [`Orphan::DEFAULT_LIMIT`].
    #[must_use]
    pub fn take_over(self, now: UnixSeconds) -> Self {
        self.take_over_within(now, Orphan::DEFAULT_LIMIT)
    }

    /// The same with another limit.
    #[must_use]
    pub fn take_over_within(self, now: UnixSeconds, limit: Duration) -> Self {
        let state = match self.state {
            GrantState::Refreshing(refreshing) => {
                let (pairs, doubt) = refreshing.doubt(DoubtReason::HolderDied, now, now);
                let orphan = Some(Orphan::new(now, limit));
                let doubt = Doubt { orphan, ..doubt };
                GrantState::InDoubt(InDoubt { pairs, doubt })
            }
            other => other,
        };
        Self { state, ..self }
    }

    /// A pair that the platform issued, in answer to an attempt that started from `base` and sent
    /// pair `used`.
    ///
    /// Only this transition makes a pair the newest. It is not usable before the store has
    /// confirmed the write (I4).
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] for a long-lived token, which is never refreshed.
    pub fn receive(
        mut self,
        base: Generation,
        used: PairNumber,
        pair: TokenPair,
        now: UnixSeconds,
    ) -> Result<(Transition, PairFate), IllegalTransition> {
        let Some(pairs) = self.state.pairs_mut() else {
            return Err(illegal(&self.state, "receive"));
        };
        if pairs.holds(&pair) {
            return Ok((self.with_event(GrantEvent::SpareKept), PairFate::Known));
        }
        let is_over = matches!(self.state, GrantState::Disconnected(_));
        if base != self.generation || is_over {
            return Ok((self.keep_spare(pair, now), PairFate::Spare));
        }
        let generation = self.generation.next();
        let mut pairs = self.state.into_pairs()?;
        let proven = pairs.find(used).map_or(base, |used| used.since);
        pairs.succeed(pair, generation, proven);
        let mut holds = self.holds;
        holds.retain(|hold| hold.scope != HoldScope::Grant && hold.lasts(now));
        let grant = Self {
            generation,
            holds,
            state: GrantState::Active(Active { pairs }),
            ..self
        };
        Ok((grant.with_event(GrantEvent::Refreshed), PairFate::Newest))
    }

    /// Keeps a pair that came too late (the fence). If a new consent was awaited, there is a pair
    /// to try again.
    fn keep_spare(mut self, pair: TokenPair, now: UnixSeconds) -> Transition {
        let generation = self.generation;
        if let Some(pairs) = self.state.pairs_mut() {
            pairs.add_spare(pair, generation);
        }
        self.state = match self.state {
            GrantState::ReauthRequired(ended) => doubt_refused(ended.pairs, None, now),
            other => other,
        };
        self.with_event(GrantEvent::SpareKept)
    }

    /// The outcome of the attempt is unknown. `None` if the grant has changed since.
    #[must_use]
    pub fn doubt(
        self,
        attempt: AttemptId,
        reason: DoubtReason,
        now: UnixSeconds,
        next_try: impl FnOnce(u32) -> UnixSeconds,
    ) -> Option<Transition> {
        let GrantState::Refreshing(refreshing) = self.state else {
            return None;
        };
        if refreshing.attempt.id != attempt {
            return None;
        }
        let tries = refreshing
            .doubt
            .map_or(1, |earlier| earlier.tries.saturating_add(1));
        let (pairs, doubt) = refreshing.doubt(reason, now, next_try(tries));
        let state = GrantState::InDoubt(InDoubt { pairs, doubt });
        let grant = Self { state, ..self };
        Some(grant.with_event(GrantEvent::Doubted(reason)))
    }

    /// The attempt certainly changed nothing. `None` if the grant has changed since.
    #[must_use]
    pub fn without_effect(self, attempt: AttemptId, next_try: UnixSeconds) -> Option<Transition> {
        let GrantState::Refreshing(refreshing) = self.state else {
            return None;
        };
        if refreshing.attempt.id != attempt {
            return None;
        }
        let state = match refreshing.without_effect(next_try) {
            (pairs, None) => GrantState::Active(Active { pairs }),
            (pairs, Some(doubt)) => GrantState::InDoubt(InDoubt { pairs, doubt }),
        };
        let grant = Self { state, ..self };
        Some(grant.with_event(GrantEvent::WithoutEffect))
    }

    /// The platform's answer proves that the pair which an attempt sent is dead.
    ///
    /// If the attempt is the grant's own and another pair is left, that one is to be tried; if none
    /// is left, a new consent is required. A late proof only marks its pair. `None` if no pair is
    /// marked.
    ///
    /// While an attempt that was taken over may still be answered,
    /// [`Revoked`](ReauthReason::Revoked) of the last pair is not a proof: its success would look
    /// the same. Then the pair is not marked, and the doubt stays until that time has passed.
    #[must_use]
    pub fn refuse(
        mut self,
        attempt: AttemptId,
        used: PairNumber,
        reason: ReauthReason,
        now: UnixSeconds,
    ) -> Option<Transition> {
        self.state.pairs()?.find(used)?;
        let orphan = self.state.orphan();
        let is_last = !self.state.pairs()?.has_candidate_beside(used);
        if reason == ReauthReason::Revoked
            && is_last
            && let Some(orphan) = orphan.filter(|orphan| orphan.may_answer(now))
        {
            return self.wait_for_orphan(attempt, orphan, now);
        }
        if let Some(pairs) = self.state.pairs_mut() {
            pairs.refuse(used);
        }
        let is_left = !is_last;
        let (state, event) = match self.state {
            GrantState::Refreshing(refreshing) if refreshing.attempt.id == attempt => {
                end_or_doubt(refreshing.pairs, is_left, reason, orphan, now)
            }
            GrantState::Active(Active { pairs }) if !is_left => {
                end_or_doubt(pairs, false, reason, None, now)
            }
            GrantState::InDoubt(in_doubt) if !is_left || in_doubt.doubt.used == used => {
                end_or_doubt(in_doubt.pairs, is_left, reason, orphan, now)
            }
            other => (other, GrantEvent::PairRefused(reason)),
        };
        let grant = Self { state, ..self };
        Some(grant.with_event(event))
    }

    /// The outcome stays unknown until the orphan's time has passed. `None` if the attempt is
    /// another one, or this is recorded already.
    fn wait_for_orphan(
        self,
        attempt: AttemptId,
        orphan: Orphan,
        now: UnixSeconds,
    ) -> Option<Transition> {
        let GrantState::Refreshing(refreshing) = self.state else {
            return None;
        };
        if refreshing.attempt.id != attempt {
            return None;
        }
        let reason = DoubtReason::HolderDied;
        let (pairs, doubt) = refreshing.doubt(reason, now, orphan.until);
        let state = GrantState::InDoubt(InDoubt { pairs, doubt });
        let grant = Self { state, ..self };
        Some(grant.with_event(GrantEvent::Doubted(reason)))
    }

    /// Late proofs have marked every pair dead, and no attempt is left to report it: a new consent
    /// is required. `None` if a pair is left, or the grant has ended, or an attempt that was taken
    /// over may still be answered.
    #[must_use]
    pub fn exhaust(self, now: UnixSeconds) -> Option<Transition> {
        let orphan = self.state.orphan();
        if orphan.is_some_and(|orphan| orphan.may_answer(now)) {
            return None;
        }
        let (GrantState::Active(Active { pairs }) | GrantState::InDoubt(InDoubt { pairs, .. })) =
            self.state
        else {
            return None;
        };
        if pairs.candidate().is_some() {
            return None;
        }
        let (state, event) = end_or_doubt(pairs, false, ReauthReason::Revoked, None, now);
        let grant = Self { state, ..self };
        Some(grant.with_event(event))
    }

    /// Sets a hold; one of the same kind and scope is replaced.
    #[must_use]
    pub fn hold(mut self, hold: Hold) -> Transition {
        self.holds
            .retain(|other| (other.kind, other.scope) != (hold.kind, hold.scope));
        self.holds.push(hold);
        self.with_event(GrantEvent::Held(hold.kind))
    }

    /// Lifts every hold of a kind. `None` if there is no such hold.
    #[must_use]
    pub fn lift(mut self, kind: HoldKind) -> Option<Transition> {
        let before = self.holds.len();
        self.holds.retain(|hold| hold.kind != kind);
        (self.holds.len() < before).then(|| self.with_event(GrantEvent::Lifted(kind)))
    }

    /// The platform answered 402 to a call. `None` if that is recorded already, or the grant has
    /// ended.
    #[must_use]
    pub fn require_payment(self, now: UnixSeconds, length: Duration) -> Option<Transition> {
        let is_over = matches!(
            self.state,
            GrantState::Disconnected(_) | GrantState::ReauthRequired(_)
        );
        let hold = Hold::new(HoldKind::PaymentRequired, HoldScope::Grant, now, length);
        let is_known = self
            .holds
            .iter()
            .any(|other| (other.kind, other.scope) == (hold.kind, hold.scope) && other.lasts(now));
        (!is_over && !is_known).then(|| self.hold(hold))
    }

    /// The account has another host.
    #[must_use]
    pub fn move_host(mut self, host: AccountHost) -> Transition {
        self.host = host;
        self.holds.retain(|hold| hold.kind != HoldKind::MovedHost);
        self.with_event(GrantEvent::HostMoved)
    }

    /// The platform answered 401 to the access token of this generation, and a probe confirmed it.
    /// `None` if the grant has changed since, or it was known.
    #[must_use]
    pub fn reject_access(mut self, generation: Generation) -> Option<Transition> {
        if generation != self.generation {
            return None;
        }
        if let GrantState::LongLived(token) = &mut self.state {
            if token.ended.is_some() {
                return None;
            }
            token.ended = Some(LongLivedEnd::Revoked);
            return Some(self.with_event(GrantEvent::Revoked));
        }
        let pairs = self.state.pairs_mut()?;
        if pairs.access_rejected() {
            return None;
        }
        pairs.reject_access();
        Some(self.with_event(GrantEvent::AccessRejected))
    }

    /// The end: a confirmed disconnect, a logout, a move to another store. It raises the fence; the
    /// tokens are sealed. `None` if the grant has ended already. A long-lived token that was
    /// revoked can only be logged out.
    #[must_use]
    pub fn disconnect(self, reason: DisconnectReason, now: UnixSeconds) -> Option<Transition> {
        let state = match self.state {
            GrantState::Disconnected(_) => return None,
            GrantState::LongLived(token) => match (token.ended, reason) {
                (Some(LongLivedEnd::Over(_)), _)
                | (
                    Some(LongLivedEnd::Revoked),
                    DisconnectReason::Confirmed | DisconnectReason::Exported,
                ) => return None,
                _ => GrantState::LongLived(LongLived {
                    ended: Some(LongLivedEnd::Over(reason)),
                    ..token
                }),
            },
            GrantState::Active(Active { pairs })
            | GrantState::InDoubt(InDoubt { pairs, .. })
            | GrantState::ReauthRequired(ReauthRequired { pairs, .. }) => over(pairs, reason, now),
            GrantState::Refreshing(refreshing) => over(refreshing.pairs, reason, now),
        };
        let grant = Self {
            generation: self.generation.next(),
            state,
            ..self
        };
        Some(grant.with_event(GrantEvent::Disconnected(reason)))
    }

    /// Records that the warning about a long-lived token's end was given. `None` if no warning is
    /// due.
    #[must_use]
    pub fn warn_of_end(mut self, now: UnixSeconds) -> Option<(Transition, EndWarning)> {
        let GrantState::LongLived(token) = &mut self.state else {
            return None;
        };
        let warning = token.due_warning(now)?;
        token.warned = Some(warning);
        Some((self.with_event(GrantEvent::Warned(warning)), warning))
    }

    const fn with_event(self, event: GrantEvent) -> Transition {
        Transition { grant: self, event }
    }
}

impl GrantState {
    fn into_pairs(self) -> Result<Pairs, IllegalTransition> {
        match self {
            Self::Active(Active { pairs })
            | Self::InDoubt(InDoubt { pairs, .. })
            | Self::ReauthRequired(ReauthRequired { pairs, .. })
            | Self::Disconnected(Disconnected { pairs, .. }) => Ok(pairs),
            Self::Refreshing(refreshing) => Ok(refreshing.pairs),
            Self::LongLived(_) => Err(illegal(&self, "receive")),
        }
    }
}

fn illegal(state: &GrantState, tried: &'static str) -> IllegalTransition {
    IllegalTransition {
        state: state.name(),
        tried,
    }
}

const fn over(pairs: Pairs, reason: DisconnectReason, now: UnixSeconds) -> GrantState {
    GrantState::Disconnected(Disconnected {
        pairs,
        reason,
        since: now,
    })
}

/// After a proof of death: another pair to try at once, or the end.
fn end_or_doubt(
    pairs: Pairs,
    is_left: bool,
    reason: ReauthReason,
    orphan: Option<Orphan>,
    now: UnixSeconds,
) -> (GrantState, GrantEvent) {
    if is_left {
        let state = doubt_refused(pairs, orphan, now);
        return (state, GrantEvent::PairRefused(reason));
    }
    let ended = ReauthRequired {
        pairs,
        reason,
        since: now,
    };
    (
        GrantState::ReauthRequired(ended),
        GrantEvent::ReauthRequired(reason),
    )
}

/// Doubt about which of the remaining pairs the platform honours.
fn doubt_refused(pairs: Pairs, orphan: Option<Orphan>, now: UnixSeconds) -> GrantState {
    let used = pairs
        .candidate()
        .map_or(pairs.newest().number, |candidate| candidate.number);
    let doubt = Doubt {
        reason: DoubtReason::PairRefused,
        used,
        since: now,
        tries: 0,
        next_try: now,
        orphan,
    };
    GrantState::InDoubt(InDoubt { pairs, doubt })
}
