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
    /// The memory is full of tokens that are still valid. Refuse, or make the memory larger.
    Full,
}

/// Remembers used tokens until they end, up to a number. Only proven tokens enter, so a stranger
/// cannot fill it.
///
/// It belongs to one process. Several processes need a shared table with the key `(account id,
/// token id)`.
#[derive(Debug)]
pub struct ReplayMemory {
    ends: BTreeMap<(AccountId, String), u64>,
    capacity: usize,
}

impl ReplayMemory {
    /// An empty memory for up to `capacity` tokens that are valid at the same time.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            ends: BTreeMap::new(),
            capacity,
        }
    }

    /// Uses a token, if it was not used before. `now` in Unix seconds.
    pub fn take(&mut self, token: &Verified<WidgetToken>, now: u64) -> OneTimeUse {
        let token = token.get();
        let key = (token.account_id, token.token_id.clone());
        if self.ends.get(&key).is_some_and(|end| now < *end) {
            return OneTimeUse::Replayed;
        }
        if self.ends.len() >= self.capacity {
            self.ends.retain(|_, end| now < *end);
        }
        if self.ends.len() >= self.capacity {
            return OneTimeUse::Full;
        }
        let end = token.expires_at.saturating_add(TOKEN_LEEWAY_SECONDS);
        self.ends.insert(key, end);
        OneTimeUse::First
    }
}
