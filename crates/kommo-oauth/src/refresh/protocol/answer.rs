//! What an answer of the token endpoint means for the grant.

use core::time::Duration;

use kommo_account::ApiDomain;

use crate::grant::{
    DoubtReason, Grant, GrantState, Hold, HoldKind, HoldScope, ReauthReason, Transition,
    UnsavedPair,
};
use crate::refresh::protocol::reports::{Located, SendOutcome};
use crate::refresh::protocol::run::{
    AfterRecord, KeptIn, LoadFor, LookUp, RefreshProtocol, Refusal, Sent, Settlement, Stage,
    Unsaved,
};
use crate::refresh::requirement::{MetBy, Outcome, Unmet};
use crate::token::{TokenAnswer, TokenRefusalKind, UnverifiedClaims};
use crate::unix_time::UnixSeconds;

impl RefreshProtocol {
    pub(super) fn after_send(&mut self, outcome: SendOutcome, now: UnixSeconds) {
        let Some(sent) = self.sent else {
            return self.unmet(Unmet::Contended, now, Some(self.soon(now)));
        };
        match outcome {
            SendOutcome::NotSent => self.settle(Settlement::NotSent, now),
            SendOutcome::Withheld { left } => {
                let scope = HoldScope::Egress(self.requester.egress);
                let hold = Hold::new(HoldKind::Blocked, scope, now, left);
                self.settle(Settlement::Held(hold), now);
            }
            SendOutcome::Lost => self.settle(Settlement::Doubt(DoubtReason::AnswerLost), now),
            SendOutcome::Answered(TokenAnswer::InDoubt(cause)) => {
                self.settle(Settlement::Doubt(DoubtReason::of_answer(&cause)), now);
            }
            SendOutcome::Answered(TokenAnswer::Granted(pair)) => {
                self.unsaved = Some(Unsaved {
                    pair: UnsavedPair::new(self.key, sent.attempt, sent.base, sent.used, pair),
                    kept_in: KeptIn::Memory,
                });
                self.prepare_save(now);
            }
            SendOutcome::Answered(TokenAnswer::Refused(refusal)) => {
                self.after_refusal(refusal.kind, now);
            }
        }
    }

    fn after_refusal(&mut self, kind: TokenRefusalKind, now: UnixSeconds) {
        if let Some(reason) = ReauthReason::of_refusal(kind) {
            // The store is asked again first: the refusal may be the trace of another worker's
            // success.
            self.stage = Stage::Load(LoadFor::Settle(Settlement::Dead(reason)));
            return;
        }
        self.own.is_refused = kind.is_about_requester();
        let hold = self.hold_of(kind, now);
        let on_unknown = match kind {
            TokenRefusalKind::NotFound | TokenRefusalKind::InvalidAccount => hold,
            TokenRefusalKind::Unauthorized | TokenRefusalKind::ClientRejected => {
                self.new_hold(HoldKind::Suspect, HoldScope::Grant, now)
            }
            _ => return self.settle(Settlement::Held(hold), now),
        };
        let is_first = self.look_up == LookUp::NotAsked;
        let api_domain = self.api_domain().filter(|_| is_first);
        let Some(api_domain) = api_domain else {
            return self.settle(Settlement::Held(hold), now);
        };
        self.look_up = LookUp::Asked;
        self.stage = Stage::LookUp(Refusal {
            api_domain,
            on_same_host: hold,
            on_unknown,
        });
    }

    /// Where the account can be looked up, as the access token of the pair says. A host outside the
    /// allow-list is ignored.
    fn api_domain(&self) -> Option<ApiDomain> {
        let held = self.grant.as_ref()?.state.pairs()?.find(self.sent?.used)?;
        let claims = UnverifiedClaims::decode(&held.pair.access_token).ok()?;
        claims.api_domain.ok().flatten()
    }

    fn hold_of(&self, kind: TokenRefusalKind, now: UnixSeconds) -> Hold {
        let (kind, scope, length) = match kind {
            TokenRefusalKind::Throttled {
                retry_after_seconds,
            } => {
                let asked = retry_after_seconds.map(Duration::from_secs);
                let (kind, scope) = (HoldKind::Throttled, HoldScope::Grant);
                let before = self.length_before(kind, scope);
                let pause = self.policy.throttle_pauses().after(asked, before);
                (kind, scope, Some(pause.length))
            }
            TokenRefusalKind::Blocked | TokenRefusalKind::Forbidden => {
                let (kind, scope) = (HoldKind::Blocked, HoldScope::Egress(self.requester.egress));
                let before = self.length_before(kind, scope);
                let pause = self.policy.block_pauses().after(None, before);
                (kind, scope, Some(pause.length))
            }
            TokenRefusalKind::PaymentRequired => {
                (HoldKind::PaymentRequired, HoldScope::Grant, None)
            }
            TokenRefusalKind::NotFound | TokenRefusalKind::InvalidAccount => {
                (HoldKind::MovedHost, HoldScope::Grant, None)
            }
            TokenRefusalKind::Unauthorized
            | TokenRefusalKind::ClientRejected
            | TokenRefusalKind::ClientIdInvalid
            | TokenRefusalKind::ClientSecretInvalid
            | TokenRefusalKind::RedirectUriMismatch
            | TokenRefusalKind::RefreshTokenMissing
            | TokenRefusalKind::UnknownGrantType => (
                HoldKind::ClientMisconfigured,
                HoldScope::Configuration(self.requester.configuration),
                None,
            ),
            _ => (HoldKind::Suspect, HoldScope::Grant, None),
        };
        let length = length.unwrap_or_else(|| self.policy.hold_length(kind));
        Hold::new(kind, scope, now, length)
    }

    /// Whether an attempt of another run is on its way.
    fn is_overtaken(&self) -> bool {
        let state = self.grant.as_ref().map(|grant| &grant.state);
        matches!((state, self.sent), (Some(GrantState::Refreshing(refreshing)), Some(sent))
            if refreshing.attempt.id != sent.attempt)
    }

    /// How long the hold was that this grant had for the same reason, with no success since.
    fn length_before(&self, kind: HoldKind, scope: HoldScope) -> Option<Duration> {
        let holds = &self.grant.as_ref()?.holds;
        let before = holds
            .iter()
            .find(|hold| (hold.kind, hold.scope) == (kind, scope))?;
        Some(before.length())
    }

    pub(super) fn after_look_up(&mut self, refusal: Refusal, located: Located, now: UnixSeconds) {
        let ours = match located {
            Located::At { account_id, host } if account_id == self.key.account_id => Some(host),
            _ => None,
        };
        let current = self.grant.as_ref().map(|grant| grant.host);
        match ours {
            Some(host) if Some(host) == current => {
                self.settle(Settlement::Held(refusal.on_same_host), now);
            }
            Some(host) => {
                self.look_up = LookUp::MovedTo(host);
                self.settle(Settlement::Moved(host), now);
            }
            None => self.settle(Settlement::Held(refusal.on_unknown), now),
        }
    }

    /// Records the outcome of the attempt; does not touch a grant that has changed since.
    pub(super) fn settle(&mut self, settlement: Settlement, now: UnixSeconds) {
        let (Some(grant), Some(sent)) = (self.grant.clone(), self.sent) else {
            return self.unmet(Unmet::NoGrant, now, None);
        };
        if let Settlement::Held(hold) = settlement
            && hold.scope != HoldScope::Grant
            && self.own.is_refused
        {
            self.own.laid = Some(hold);
        }
        let after = match settlement {
            Settlement::Moved(_) => AfterRecord::Send(sent),
            _ => AfterRecord::Conclude(settlement),
        };
        match self.settled(grant, sent, settlement, now) {
            Some(transition) => self.record(transition, after),
            None => self.conclude(settlement, now),
        }
    }

    fn settled(
        &self,
        grant: Grant,
        sent: Sent,
        settlement: Settlement,
        now: UnixSeconds,
    ) -> Option<Transition> {
        match settlement {
            Settlement::Doubt(reason) => {
                let left = left_of(&grant, now);
                grant.doubt(sent.attempt, reason, now, |tries| {
                    now.plus(self.policy.doubt_pause_while(tries, left))
                })
            }
            Settlement::NotSent => grant.without_effect(sent.attempt, self.soon(now)),
            Settlement::Dead(reason) => grant.refuse(sent.attempt, sent.used, reason, now),
            Settlement::Held(hold) => {
                let next_try = self.next_try_beside(&hold, &grant, now);
                grant
                    .without_effect(sent.attempt, next_try)
                    .map(|transition| transition.grant.hold(hold))
            }
            Settlement::Moved(host) => {
                let is_ours = matches!(&grant.state, GrantState::Refreshing(refreshing)
                    if refreshing.attempt.id == sent.attempt);
                is_ours.then(|| grant.move_host(host))
            }
        }
    }

    /// When a doubt is tried again, if a hold is set too. A hold that stops only this machine
    /// leaves the doubt to the others.
    fn next_try_beside(&self, hold: &Hold, grant: &Grant, now: UnixSeconds) -> UnixSeconds {
        match &grant.state {
            _ if hold.scope == HoldScope::Grant => hold.until,
            GrantState::Refreshing(refreshing) => {
                let tries = refreshing.doubt.map_or(1, |doubt| doubt.tries);
                let left = left_of(grant, now);
                now.plus(self.policy.doubt_pause_while(tries, left))
            }
            _ => now,
        }
    }

    /// The end of an attempt that brought no pair: another pair is tried at once if one is left,
    /// else the run ends.
    pub(super) fn conclude(&mut self, settlement: Settlement, now: UnixSeconds) {
        let met = self
            .grant
            .as_ref()
            .and_then(|grant| self.requirement.is_met_by(grant, now));
        if let Some(token) = met {
            let by = MetBy::Store;
            return self.finish(Outcome::Met { token, by });
        }
        match settlement {
            // Another worker holds the lock now: the outcome of its attempt is for that worker to
            // report.
            Settlement::Dead(_) if self.is_overtaken() => {
                self.unmet(Unmet::Contended, now, Some(self.soon(now)));
            }
            Settlement::Dead(_) => self.begin(now),
            Settlement::NotSent => self.unmet(Unmet::Unreachable, now, Some(self.soon(now))),
            Settlement::Held(hold) => {
                self.unmet(Unmet::Held(hold.kind), now, Some(hold.until));
            }
            Settlement::Moved(_) => self.unmet(Unmet::Contended, now, Some(now)),
            Settlement::Doubt(reason) => {
                let next_try = self.grant.as_ref().and_then(next_try);
                self.unmet(Unmet::InDoubt(reason), now, next_try.or(Some(now)));
            }
        }
    }
}

/// How long the token of this grant may still be handed out.
fn left_of(grant: &Grant, now: UnixSeconds) -> Duration {
    let usable = grant.usable(now);
    usable.map_or(Duration::ZERO, |usable| usable.left(now))
}

const fn next_try(grant: &Grant) -> Option<UnixSeconds> {
    match &grant.state {
        GrantState::InDoubt(in_doubt) => Some(in_doubt.doubt.next_try),
        _ => None,
    }
}
