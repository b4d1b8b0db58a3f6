//! A source of tokens by script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use kommo_account::{AccountHost, Realm};
use kommo_keeper::AccessTokens;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, GrantKey, ParseGrantKeyError, UsableToken};
use kommo_oauth::token::AccessToken;

/// Real ones are longer still.
pub(crate) const TOKEN: &str = concat!(
    "eyJ0.first-token-marker-8c1d.",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
);
pub(crate) const SECOND_TOKEN: &str = concat!(
    "eyJ0.second-token-marker-02fe.",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
);
pub(crate) const HOST: &str = "shop.kommo.com";

pub(crate) fn host() -> AccountHost {
    AccountHost::parse(HOST).unwrap()
}

/// A token that may be used.
pub(crate) fn usable(host: &str, token: &str, generation: u64) -> UsableToken {
    let host = AccountHost::parse(host).unwrap();
    let token = AccessToken::new(token).unwrap();
    let generation = Generation::new(generation);
    UsableToken::new(token, host, generation, UnixSeconds::new(1), None)
}

pub(crate) fn key(realm: Realm) -> GrantKey {
    let mut key =
        GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321").unwrap();
    key.realm = realm;
    key
}

/// Gives `current`; after a 401 the next of the successors, which is `current` from then on.
pub(crate) struct TestTokens {
    current: Mutex<Arc<UsableToken>>,
    successors: Mutex<VecDeque<UsableToken>>,
    rejected: Mutex<Vec<Generation>>,
    not_found: Mutex<Vec<Generation>>,
    /// The token with another host, for a call that met no such account.
    moved: Mutex<Option<UsableToken>>,
    /// What somebody else puts in the place of the next successor.
    overtaking: Mutex<Option<UsableToken>>,
    payments: Mutex<usize>,
    fails: bool,
}

impl TestTokens {
    pub(crate) fn of(current: UsableToken) -> Self {
        Self {
            current: Mutex::new(Arc::new(current)),
            successors: Mutex::default(),
            rejected: Mutex::default(),
            not_found: Mutex::default(),
            moved: Mutex::default(),
            overtaking: Mutex::default(),
            payments: Mutex::default(),
            fails: false,
        }
    }

    pub(crate) fn standing() -> Self {
        Self::of(usable(HOST, TOKEN, 1))
    }

    pub(crate) fn with_successor(self, successor: UsableToken) -> Self {
        self.successors.lock().unwrap().push_back(successor);
        self
    }

    /// The account is at another host than the first token says.
    pub(crate) fn moved_to(self, moved: UsableToken) -> Self {
        *self.moved.lock().unwrap() = Some(moved);
        self
    }

    /// As soon as a successor is given, somebody else has replaced it by this one.
    pub(crate) fn overtaken_by(self, other: UsableToken) -> Self {
        *self.overtaking.lock().unwrap() = Some(other);
        self
    }

    pub(crate) fn failing() -> Self {
        Self {
            fails: true,
            ..Self::standing()
        }
    }

    /// The generations of the tokens whose calls met no such account.
    pub(crate) fn not_found(&self) -> Vec<u64> {
        let not_found = self.not_found.lock().unwrap();
        not_found
            .iter()
            .map(|generation| generation.get())
            .collect()
    }

    /// How often it was said that the account is not paid for.
    pub(crate) fn payments(&self) -> usize {
        *self.payments.lock().unwrap()
    }

    /// The generations of the tokens that were reported as refused.
    pub(crate) fn rejected(&self) -> Vec<u64> {
        let rejected = self.rejected.lock().unwrap();
        rejected.iter().map(|generation| generation.get()).collect()
    }
}

impl AccessTokens for TestTokens {
    // Any error will do.
    type Error = ParseGrantKeyError;

    async fn access_token(&self) -> Result<Arc<UsableToken>, Self::Error> {
        if self.fails {
            return Err(ParseGrantKeyError::Realm);
        }
        Ok(Arc::clone(&self.current.lock().unwrap()))
    }

    async fn access_token_after_401(
        &self,
        rejected: Generation,
    ) -> Result<Option<Arc<UsableToken>>, Self::Error> {
        self.rejected.lock().unwrap().push(rejected);
        let Some(next) = self.successors.lock().unwrap().pop_front() else {
            return Ok(None);
        };
        let next = Arc::new(next);
        let other = self.overtaking.lock().unwrap().take().map(Arc::new);
        *self.current.lock().unwrap() = other.unwrap_or_else(|| Arc::clone(&next));
        Ok(Some(next))
    }

    fn payment_required(&self) {
        *self.payments.lock().unwrap() += 1;
    }

    async fn account_not_found(&self, used: &UsableToken) -> Option<Arc<UsableToken>> {
        self.not_found.lock().unwrap().push(used.generation);
        let moved = Arc::new(self.moved.lock().unwrap().clone()?);
        *self.current.lock().unwrap() = Arc::clone(&moved);
        Some(moved)
    }
}
