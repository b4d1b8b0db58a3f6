//! A memory of used one-time tokens: the platform does not refuse a second use, so the receiver
//! must.
//!
//! Source: rule J9 of `docs/protocol.md`.

use alloc::collections::BTreeMap;
use alloc::string::String;

use kommo_account::AccountId;

use crate::token::jwt::TOKEN_LEEWAY_SECONDS;
use crate::token::widget::WidgetToken;
use crate::verified::Verified;

/// Whether a token may be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OneTimeUse {
    /// It was not used before, and is remembered from now on.
    First,
    /// It was used before.
    Replayed,
    /// The memory, or the part of it that one account may have, is full of tokens that are still
    /// valid. Refuse, or make it larger.
    Full,
}

/// Remembers used tokens until they end, up to a number. Only proven tokens enter, so a stranger
/// cannot fill it. The users of an account can have as many tokens as they like:
/// [`of_one_account`](Self::of_one_account) bounds what one account takes of it.
///
/// It belongs to one process. Several processes need a shared table with the key `(account id,
/// token id)`.
#[derive(Debug)]
pub struct ReplayMemory {
    ends: BTreeMap<AccountId, BTreeMap<String, u64>>,
    remembered: usize,
    capacity: usize,
    of_one_account: usize,
}

impl ReplayMemory {
    /// An empty memory for up to `capacity` tokens that are valid at the same time.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            ends: BTreeMap::new(),
            remembered: 0,
            capacity,
            of_one_account: capacity,
        }
    }

    /// The most tokens of one account. Without it an account may have the whole memory.
    #[must_use]
    pub const fn of_one_account(mut self, tokens: usize) -> Self {
        self.of_one_account = tokens;
        self
    }

    /// Uses a token, if it was not used before. `now` in Unix seconds.
    pub fn take(&mut self, token: &Verified<WidgetToken>, now: u64) -> OneTimeUse {
        let token = token.get();
        let of_account = self.ends.get(&token.account_id);
        let known = of_account.and_then(|ends| ends.get(&token.token_id));
        if known.is_some_and(|end| now < *end) {
            return OneTimeUse::Replayed;
        }
        if of_account.is_some_and(|ends| ends.len() >= self.of_one_account) {
            self.forget(now, Some(token.account_id));
        }
        if self.remembered >= self.capacity {
            self.forget(now, None);
        }
        let ends = self.ends.entry(token.account_id).or_default();
        if self.remembered >= self.capacity || ends.len() >= self.of_one_account {
            return OneTimeUse::Full;
        }
        let end = token.expires_at.saturating_add(TOKEN_LEEWAY_SECONDS);
        if ends.insert(token.token_id.clone(), end).is_none() {
            self.remembered = self.remembered.saturating_add(1);
        }
        OneTimeUse::First
    }

    /// Forgets what has ended: of one account, or of all.
    fn forget(&mut self, now: u64, only: Option<AccountId>) {
        self.ends.retain(|account, ends| {
            if only.is_none_or(|only| only == *account) {
                ends.retain(|_, end| now < *end);
            }
            !ends.is_empty()
        });
        self.remembered = self.ends.values().map(BTreeMap::len).sum();
    }
}
