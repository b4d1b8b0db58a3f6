//! The connection of a channel to an account, and what a channel is.

use serde::{Deserialize, Serialize};

use crate::config::account::Account;

/// A channel that is connected to an account; also what connect answers (rule C2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Connection {
    /// The account's amojo id.
    pub account_id: String,
    /// The channel's id, `_`, the account's amojo id (rule N2).
    pub scope_id: String,
    /// The title that the account sees.
    pub title: String,
    /// `v1` or `v2`.
    pub hook_api_version: String,
    /// Whether the channel's time window is off for this account.
    pub is_time_window_disabled: bool,
}

/// What a body is checked against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChannelView<'a> {
    pub(crate) channel_id: &'a str,
    pub(crate) default_title: &'a str,
    pub(crate) private: bool,
    pub(crate) accounts: &'a [Account],
    /// The amojo id of the channel's bot.
    pub(crate) bot_id: &'a str,
    /// Whether a created chat is answered with `user.profile`.
    pub(crate) nested_profile: bool,
}
