//! Any moves of a grant in any order.

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    Attempt, AttemptId, DisconnectReason, DoubtReason, Fingerprint, Generation, Grant, GrantKey,
    GrantState, HeldPair, Hold, HoldKind, HoldScope, LongLived, PairFate, PairNumber, ReauthReason,
    Requester, Transition,
};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};

use crate::stored_grant::round_trip;

const KEY: &str = "real/11111111-2222-3333-4444-555555555555/12345678/87654321";
const MOVES_MAX: usize = 200;

/// Two bytes are a move and its argument. Whatever the order: the generation never goes back; a
/// pair goes only when a later success or a consent lets it go, or, if it is sealed, an import; a
/// pair that meets the fence becomes no newest one; what is sealed is not used; the record is read
/// again as it was written.
///
/// # Panics
///
/// If a law is broken.
pub fn grant_steps(data: &[u8]) {
    let (Ok(key), Ok(host)) = (GrantKey::parse(KEY), AccountHost::parse("myshop.kommo.com")) else {
        panic!("names that are names");
    };
    let mut steps = Steps {
        received: 1,
        now: UnixSeconds::new(1_700_000_000),
        grant: Grant::consent(None, key, host, None, pair(0, 1_700_000_000)).grant,
    };
    for step in data.chunks_exact(2).take(MOVES_MAX) {
        let [number, argument] = step else {
            return;
        };
        steps.take(*number, *argument);
        check(&steps.grant, steps.received, steps.now);
    }
}

struct Steps {
    grant: Grant,
    /// Pairs that came so far.
    received: u32,
    now: UnixSeconds,
}

/// How a step may let pairs go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lets {
    Nothing,
    /// What is not used any more.
    Sealed,
    /// What lay there before this generation, and what was refused.
    Before(Generation),
    Anything,
}

impl Steps {
    fn take(&mut self, number: u8, argument: u8) {
        let before = self.grant.clone();
        self.now = self
            .now
            .plus(Duration::from_secs(u64::from(argument) * 700));
        let (moved, lets) = self.moved(number, argument);
        let Some(after) = moved else {
            return;
        };
        assert!(
            after.generation >= before.generation,
            "the fence was lowered"
        );
        assert!(after.generation.get() <= before.generation.get() + 1);
        assert_eq!(
            after.revision, before.revision,
            "the store alone counts revisions"
        );
        assert_eq!(after.key, before.key);
        kept(&before, &after, lets);
        self.grant = after;
    }

    fn moved(&mut self, number: u8, argument: u8) -> (Option<Grant>, Lets) {
        let grant = self.grant.clone();
        let now = self.now;
        let used = self.any_number(argument);
        let attempt = self.any_attempt(argument);
        let reason = ReauthReason::Revoked;
        let moved = match number % 16 {
            0 | 1 => {
                let attempt = Attempt::new(AttemptId::new([argument & 3; 16]), used, now);
                grant.begin(attempt).ok()
            }
            2 | 3 => return self.receive(self.grant.generation, used),
            4 => {
                let base = self
                    .grant
                    .generation
                    .get()
                    .saturating_sub(u64::from(argument & 3));
                return self.receive(Generation::new(base.max(1)), used);
            }
            5 => grant.doubt(attempt, DoubtReason::AnswerLost, now, |tries| {
                now.plus(Duration::from_secs(u64::from(tries)))
            }),
            6 => grant.without_effect(attempt, now),
            7 | 8 => grant.refuse(attempt, used, reason, now),
            9 => grant.exhaust(now),
            10 => return (Some(grant.take_over(now)), Lets::Nothing),
            11 => self.hold(grant, argument),
            12 => grant.reject_access(self.grant.generation),
            13 => grant.disconnect(DisconnectReason::Confirmed, now),
            14 if argument < 128 => {
                let pair = self.new_pair();
                let host = self.grant.host;
                let moved = Grant::consent(Some(grant), self.grant.key, host, None, pair);
                return (Some(moved.grant), Lets::Anything);
            }
            14 => AccountHost::parse("ourshop.kommo.com")
                .ok()
                .map(|host| grant.move_host(host)),
            _ if argument < 16 => {
                let (key, host) = (grant.key, grant.host);
                let token = AccessToken::new("long").ok();
                let token = token.map(|token| LongLived::new(token, Some(now)));
                let moved = token
                    .and_then(|token| Grant::import_long_lived(Some(grant), key, host, token).ok());
                return (moved.map(|moved| moved.grant), Lets::Sealed);
            }
            _ => grant.warn_of_end(now).map(|(moved, _)| moved),
        };
        (moved.map(|moved| moved.grant), Lets::Nothing)
    }

    fn receive(&mut self, base: Generation, used: PairNumber) -> (Option<Grant>, Lets) {
        let before = self.grant.clone();
        let pair = self.new_pair();
        let since = before.state.pairs().and_then(|pairs| pairs.find(used));
        let since = since.map_or(base, |held| held.since);
        let Ok((moved, fate)) = before.clone().receive(base, used, pair.clone(), self.now) else {
            assert!(matches!(before.state, GrantState::LongLived(_)));
            return (None, Lets::Nothing);
        };
        let is_over = matches!(before.state, GrantState::Disconnected(_));
        let meets_fence = base != before.generation || is_over;
        assert_eq!(fate == PairFate::Spare, meets_fence);
        let newest = newest_of(&moved.grant).map(|held| &held.pair);
        assert_eq!(newest == Some(&pair), !meets_fence);
        assert_eq!(moved.grant.generation > before.generation, !meets_fence);
        let again = moved.grant.clone().receive(base, used, pair, self.now);
        assert!(
            matches!(again, Ok((_, PairFate::Known))),
            "one pair, kept twice"
        );
        let lets = if meets_fence {
            Lets::Nothing
        } else {
            Lets::Before(since)
        };
        (Some(moved.grant), lets)
    }

    fn hold(&self, grant: Grant, argument: u8) -> Option<Transition> {
        let scope = match argument & 3 {
            0 => HoldScope::Configuration(Fingerprint::new([1; 16])),
            1 => HoldScope::Egress(Fingerprint::new([2; 16])),
            _ => HoldScope::Grant,
        };
        if argument & 4 == 0 {
            return grant.lift(HoldKind::Throttled);
        }
        let length = Duration::from_secs(u64::from(argument) * 60);
        Some(grant.hold(Hold::new(HoldKind::Throttled, scope, self.now, length)))
    }

    fn new_pair(&mut self) -> TokenPair {
        let number = self.received;
        self.received += 1;
        pair(number, self.now.get())
    }

    /// One of the numbers that were given, or one that was not.
    fn any_number(&self, argument: u8) -> PairNumber {
        PairNumber::new(u64::from(argument) % (u64::from(self.received) + 2))
    }

    /// The attempt on its way, or another.
    fn any_attempt(&self, argument: u8) -> AttemptId {
        match &self.grant.state {
            GrantState::Refreshing(refreshing) if argument & 1 == 0 => refreshing.attempt.id,
            _ => AttemptId::new([argument; 16]),
        }
    }
}

fn pair(number: u32, now: u64) -> TokenPair {
    let tokens = (
        AccessToken::new(format!("access-{number}")),
        RefreshToken::new(format!("refresh-{number}")),
    );
    let (Ok(access), Ok(refresh)) = tokens else {
        panic!("tokens that are tokens");
    };
    let now = UnixSeconds::new(now);
    TokenPair::new(access, refresh, now, now.plus(Duration::from_secs(86_400)))
}

fn newest_of(grant: &Grant) -> Option<&HeldPair> {
    grant.state.pairs().map(|pairs| pairs.newest())
}

fn held_by(grant: &Grant) -> Vec<&HeldPair> {
    let pairs = grant.state.pairs().into_iter();
    pairs
        .flat_map(|pairs| pairs.spares().iter().chain([pairs.newest()]))
        .collect()
}

/// I6.
fn kept(before: &Grant, after: &Grant, lets: Lets) {
    let left: Vec<&TokenPair> = held_by(after).into_iter().map(|held| &held.pair).collect();
    for held in held_by(before) {
        let may_go = match lets {
            Lets::Nothing => false,
            Lets::Sealed => matches!(
                before.state,
                GrantState::ReauthRequired(_) | GrantState::Disconnected(_)
            ),
            Lets::Before(proven) => held.refused || held.since < proven,
            Lets::Anything => true,
        };
        assert!(
            may_go || left.contains(&&held.pair),
            "a pair was thrown away"
        );
    }
}

fn check(grant: &Grant, received: u32, now: UnixSeconds) {
    round_trip(grant);
    let held = held_by(grant);
    assert!(held.len() <= usize::try_from(received).unwrap_or(usize::MAX));
    for (place, own) in held.iter().enumerate() {
        assert!(
            held.iter()
                .skip(place + 1)
                .all(|other| other.number != own.number)
        );
    }
    if let GrantState::ReauthRequired(ended) = &grant.state {
        assert_eq!(
            ended.pairs.candidate(),
            None,
            "a pair is left that nothing proves dead"
        );
    }
    let usable = grant.usable(now);
    if let (Some(usable), Some(newest)) = (&usable, newest_of(grant)) {
        assert_eq!(usable.access_token, newest.pair.access_token);
        assert!(now < newest.pair.expires_at);
    }
    assert!(usable.is_none() || !matches!(grant.state, GrantState::Disconnected(_)));
    let requester = Requester::new(Fingerprint::new([1; 16]), Fingerprint::new([2; 16]));
    let hold = grant.hold_for(&requester, now);
    assert!(hold.is_none_or(|hold| now < hold.until));
}
