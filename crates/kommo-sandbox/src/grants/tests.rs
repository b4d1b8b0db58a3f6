//! The book against a naive judge: one that keeps the whole history and asks the definition every
//! time.

use super::{AccessFault, GrantBook, GrantKey, NewPair, PairId};
use crate::config::oauth_rules::{OauthRules, Rotation, Siblings};
use crate::config::token_error::TokenError;
use crate::secrets::token_text::Fingerprint;

fn key(user: u64) -> GrantKey {
    GrantKey {
        client_id: "client".into(),
        account: 1,
        user,
    }
}

fn refresh_of(n: usize) -> Fingerprint {
    Fingerprint::of(&format!("refresh {n}"))
}

fn access_of(n: usize) -> Fingerprint {
    Fingerprint::of(&format!("access {n}"))
}

fn new_pair(n: usize, now: u64) -> NewPair {
    NewPair {
        refresh: refresh_of(n),
        access: access_of(n),
        now,
    }
}

/// What happened to one pair.
#[derive(Default)]
struct History {
    parent: Option<usize>,
    access_used: bool,
}

struct Naive {
    rules: OauthRules,
    pairs: Vec<History>,
}

impl Naive {
    fn children(&self, of: usize) -> Vec<usize> {
        let pairs = self.pairs.iter().enumerate();
        pairs
            .filter(|(_, pair)| pair.parent == Some(of))
            .map(|(at, _)| at)
            .collect()
    }

    fn is_older_sibling(&self, pair: usize) -> bool {
        let parent = self.pairs.get(pair).and_then(|pair| pair.parent);
        parent.is_some_and(|parent| self.children(parent).last() != Some(&pair))
    }

    fn killed_by_sibling(&self, pair: usize) -> bool {
        self.rules.siblings == Siblings::NewerKillsOlder && self.is_older_sibling(pair)
    }

    fn refresh_lives(&self, pair: usize) -> bool {
        let children = self.children(pair);
        let refreshed = |child: &usize| !self.children(*child).is_empty();
        let called = |child: &usize| {
            self.pairs
                .get(*child)
                .is_some_and(|child| child.access_used)
        };
        let spent = match self.rules.rotation {
            Rotation::Strict => !children.is_empty(),
            Rotation::UntilRefreshUsed => children.iter().any(refreshed),
            Rotation::UntilAccessUsed => {
                children.iter().any(refreshed) || children.iter().any(called)
            }
        };
        !spent && !self.killed_by_sibling(pair)
    }

    fn access_lives(&self, pair: usize) -> bool {
        let replaced = self.rules.revoke_old_access_on_refresh && !self.children(pair).is_empty();
        !replaced && !self.killed_by_sibling(pair)
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }
}

fn every_rule() -> Vec<OauthRules> {
    let rotations = [
        Rotation::Strict,
        Rotation::UntilRefreshUsed,
        Rotation::UntilAccessUsed,
    ];
    let mut all = Vec::new();
    for rotation in rotations {
        for siblings in [Siblings::BothLive, Siblings::NewerKillsOlder] {
            for revoke_old_access_on_refresh in [true, false] {
                all.push(OauthRules {
                    rotation,
                    siblings,
                    revoke_old_access_on_refresh,
                    ..OauthRules::default()
                });
            }
        }
    }
    all
}

#[test]
fn the_book_and_the_naive_judge_agree_after_any_uses() {
    for rules in every_rule() {
        for seed in 0..40 {
            let mut dice = Dice(seed);
            let mut book = GrantBook::default();
            let mut naive = Naive {
                rules: rules.clone(),
                pairs: vec![History::default()],
            };
            let first = book.grant_pair(key(1), Vec::new(), new_pair(0, 0), &rules);
            let mut places: Vec<PairId> = vec![first];
            for _ in 0..60 {
                let pair = dice.below(naive.pairs.len());
                if dice.below(2) == 0 {
                    let found = book.check_refresh(refresh_of(pair), "client", 1, 0);
                    assert_eq!(found.is_ok(), naive.refresh_lives(pair), "{rules:?} {seed}");
                    let Ok(found) = found else { continue };
                    let double = !naive.children(pair).is_empty();
                    let n = naive.pairs.len();
                    let (child, counted) = book.refresh(found, new_pair(n, 0), &rules).unwrap();
                    assert_eq!(counted, double);
                    places.push(child);
                    naive.pairs.push(History {
                        parent: Some(pair),
                        access_used: false,
                    });
                } else {
                    let found = book
                        .check_access(access_of(pair), Some(1), 0)
                        .map(|(access, _)| access);
                    assert_eq!(found.is_ok(), naive.access_lives(pair), "{rules:?} {seed}");
                    if let Ok(access) = found {
                        book.use_access(access, &rules);
                        naive.pairs[pair].access_used = true;
                    }
                }
                let living = (0..naive.pairs.len()).filter(|pair| naive.refresh_lives(*pair));
                let told = book.views(0, 1, 0)[0].living.len();
                assert_eq!(told, living.count(), "{rules:?} {seed}");
            }
            assert_eq!(places.len(), naive.pairs.len());
        }
    }
}

#[test]
fn a_grant_is_lost_when_no_living_refresh_token_was_delivered() {
    let rules = OauthRules {
        rotation: Rotation::Strict,
        ..OauthRules::default()
    };
    let mut book = GrantBook::default();
    let first = book.grant_pair(key(1), Vec::new(), new_pair(0, 0), &rules);
    assert_eq!(book.lost(0), 1);
    book.delivered(first);
    assert_eq!(book.lost(0), 0);
    let (second, _) = book.refresh(first, new_pair(1, 0), &rules).unwrap();
    assert_eq!(book.lost(0), 1);
    book.delivered(second);
    assert_eq!(book.lost(0), 0);
    // A refresh token that has expired is none that lives.
    assert_eq!(book.lost(rules.refresh_lifetime_seconds), 1);
    // What was ended on purpose is not lost.
    assert_eq!(book.end(|key| key.user == 1), 1);
    assert_eq!(book.lost(0), 0);
    let revoked = book.check_refresh(refresh_of(1), "client", 1, 0);
    assert_eq!(revoked, Err(TokenError::RefreshTokenRevoked));
    let access = book.check_access(access_of(1), Some(1), 0).unwrap_err();
    assert_eq!(access, AccessFault::Revoked);
}

#[test]
fn tokens_of_one_client_are_none_of_another() {
    let rules = OauthRules::default();
    let mut book = GrantBook::default();
    book.grant_pair(key(1), Vec::new(), new_pair(0, 0), &rules);
    let refused = book.check_refresh(refresh_of(0), "other", 1, 0);
    assert_eq!(refused, Err(TokenError::RefreshTokenOfAnotherClient));
    let code = Fingerprint::of("code");
    book.add_code(code, key(1), 10);
    let refused = book.check_code(code, "other", 1, 0);
    assert_eq!(refused, Err(TokenError::CodeOfAnotherClient));
    let expired = book.check_code(code, "client", 1, 10);
    assert_eq!(expired, Err(TokenError::CodeExpired));
}
