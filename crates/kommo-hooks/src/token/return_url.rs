//! The address at which a bot waits for its answer. It is not signed, and the answer carries an
//! access token.
//!
//! Source: rule J11 of `docs/protocol.md`.

use alloc::string::String;
use core::{error, fmt};

use kommo_account::AccountHost;

use crate::token::bot::{BotToken, BotType};
use crate::verified::Verified;

/// An address that an access token may be sent to: the continuation of a bot, at the account of a
/// proven token.
///
/// # Security
///
/// A receiver that calls `return_url` unchecked sends an administrator's token to any address that
/// the sender chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnUrl {
    host: AccountHost,
    path: String,
    bot_type: BotType,
    bot_id: u64,
    continue_id: u64,
}

impl ReturnUrl {
    /// Checks the address that came with a token.
    ///
    /// # Errors
    ///
    /// - another scheme, host, port or user: [`ReturnUrlError::OtherHost`].
    /// - a path that is not `/api/v4/{salesbot|marketingbot}/{number}/continue/{number}`, a query
    ///   or a fragment: [`ReturnUrlError::Path`].
    pub fn check(token: &Verified<BotToken>, address: &str) -> Result<Self, ReturnUrlError> {
        let host = token.get().account_host;
        let path = address
            .strip_prefix("https://")
            .and_then(|rest| rest.strip_prefix(host.as_str()))
            .filter(|rest| rest.starts_with('/'))
            .ok_or(ReturnUrlError::OtherHost)?;
        let (bot_type, bot_id, continue_id) = read_path(path).ok_or(ReturnUrlError::Path)?;
        Ok(Self {
            host,
            path: path.into(),
            bot_type,
            bot_id,
            continue_id,
        })
    }

    /// The account's host, as the token names it.
    #[must_use]
    pub const fn host(&self) -> AccountHost {
        self.host
    }

    /// The path, to be called at that host.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Which bot waits.
    #[must_use]
    pub const fn bot_type(&self) -> BotType {
        self.bot_type
    }

    /// The bot's id.
    #[must_use]
    pub const fn bot_id(&self) -> u64 {
        self.bot_id
    }

    /// The id of the continuation. Repeats of one request have the same id, so repeats can be
    /// recognised.
    #[must_use]
    pub const fn continue_id(&self) -> u64 {
        self.continue_id
    }
}

fn read_path(path: &str) -> Option<(BotType, u64, u64)> {
    let rest = path.strip_prefix("/api/v4/")?;
    let (kind, rest) = rest.split_once('/')?;
    let (bot_id, continue_id) = rest.split_once("/continue/")?;
    let bot_type = match kind {
        "salesbot" => BotType::Salesbot,
        "marketingbot" => BotType::Marketingbot,
        _ => return None,
    };
    Some((bot_type, number(bot_id)?, number(continue_id)?))
}

/// Digits alone: `parse` would take a plus sign too.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Why an address is not the continuation of a bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReturnUrlError {
    /// It does not begin with `https://` and the account host of the token.
    OtherHost,
    /// Its path has another form, or it has a query or a fragment.
    Path,
}

impl fmt::Display for ReturnUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherHost => "the return url is not on the account host of the token",
            Self::Path => "the return url is not the continuation of a bot",
        })
    }
}

impl error::Error for ReturnUrlError {}
