//! The routes of the Chats API, and what a body asks of them.

use axum::http::StatusCode;

use crate::chats::chat_calls::{create_chat, history, react, typing};
use crate::chats::connect_body::{read_connect, read_disconnect, scope_id};
use crate::chats::message_body::{Message, NewMessage, read_message};
use crate::chats::refusal::Refusal;
use crate::chats::scoped::Scoped;
use crate::chats::status_body::read_status;
use crate::config::account::Account;
use crate::state::chat_book::ChatBook;
use crate::state::connection::{ChannelView, Connection};
use crate::wire::received_request::ReceivedRequest;

/// What an accepted request changes.
pub(crate) enum Change {
    Connect(Connection),
    Disconnect {
        scope_id: String,
    },
    Message(Box<NewMessage>),
    /// Anything else of a connection.
    Scoped(Box<Scoped>),
}

/// What a route does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action<'a> {
    Connect,
    Disconnect,
    /// A call of the connection with this scope.
    Scoped {
        scope_id: &'a str,
        call: ScopeCall<'a>,
    },
}

/// What is called of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ScopeCall<'a> {
    Message,
    CreateChat,
    Status { message_id: &'a str },
    History { conversation_id: &'a str },
    Typing,
    React,
}

/// The channel id as it stands in the path, undecoded, and what the route does.
pub(crate) fn find_route<'a>(
    method: &str,
    path: &'a str,
) -> Result<(&'a str, Action<'a>), Refusal> {
    let (channel_id, action) = find_path(path)?;
    action.check_method(method)?;
    Ok((channel_id, action))
}

fn find_path(path: &str) -> Result<(&str, Action<'_>), Refusal> {
    let below = path.strip_prefix("/v2/origin/custom/").unwrap_or_default();
    let segments: Vec<_> = below.split('/').collect();
    if segments.contains(&"") {
        return Err(no_such_route());
    }
    let (owner, call) = match *segments.as_slice() {
        [channel_id, "connect"] => return Ok((channel_id, Action::Connect)),
        [channel_id, "disconnect"] => return Ok((channel_id, Action::Disconnect)),
        [owner] => (owner, ScopeCall::Message),
        [owner, "chats"] => (owner, ScopeCall::CreateChat),
        [owner, "typing"] => (owner, ScopeCall::Typing),
        [owner, "react"] => (owner, ScopeCall::React),
        [owner, message_id, "delivery_status"] => (owner, ScopeCall::Status { message_id }),
        [owner, "chats", conversation_id, "history"] => {
            (owner, ScopeCall::History { conversation_id })
        }
        _ => return Err(no_such_route()),
    };
    let (channel_id, _) = owner.split_once('_').ok_or_else(no_such_route)?;
    let scope_id = owner;
    Ok((channel_id, Action::Scoped { scope_id, call }))
}

fn no_such_route() -> Refusal {
    let reason = "below /v2/origin/custom/ the sandbox has POST {channel_id}/connect, DELETE {channel_id}/disconnect, and for a scope_id POST {scope_id}, {scope_id}/chats, {scope_id}/{msgid}/delivery_status, {scope_id}/typing, {scope_id}/react and GET {scope_id}/chats/{conversation_id}/history";
    Refusal::other(StatusCode::NOT_FOUND, "NOT_FOUND", "route-unknown", reason)
}

impl Action<'_> {
    const fn method(self) -> &'static str {
        match self {
            Self::Scoped {
                call: ScopeCall::History { .. },
                ..
            } => "GET",
            Self::Connect | Self::Scoped { .. } => "POST",
            Self::Disconnect => "DELETE",
        }
    }

    fn check_method(self, method: &str) -> Result<(), Refusal> {
        if method == self.method() {
            return Ok(());
        }
        let rule = match self {
            _ if method.eq_ignore_ascii_case(self.method()) => Some("S3"),
            Self::Connect => Some("C1"),
            Self::Disconnect => Some("C3"),
            Self::Scoped { .. } => None,
        };
        let reason = "another method belongs to this path";
        let refusal = Refusal::other(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "method-wrong",
            reason,
        );
        Err(Refusal {
            allow: Some(self.method()),
            rule,
            ..refusal
        })
    }

    /// Reads a proven request.
    pub(crate) fn read(
        self,
        request: &ReceivedRequest<'_>,
        channel: ChannelView<'_>,
        chats: &ChatBook,
    ) -> Result<Change, Refusal> {
        let body = request.body();
        match self {
            Self::Connect => read_connect(body, channel).map(Change::Connect),
            Self::Disconnect => {
                read_disconnect(body, channel).map(|scope_id| Change::Disconnect { scope_id })
            }
            Self::Scoped { scope_id, call } => {
                let account = account_of(scope_id, channel)?;
                call.read(request, account, channel, chats)
            }
        }
    }
}

fn account_of<'a>(scope: &str, channel: ChannelView<'a>) -> Result<&'a Account, Refusal> {
    let mut accounts = channel.accounts.iter();
    accounts
        .find(|account| scope_id(channel.channel_id, &account.amojo_id) == scope)
        .ok_or_else(Refusal::not_registered)
}

impl ScopeCall<'_> {
    fn read(
        self,
        request: &ReceivedRequest<'_>,
        account: &Account,
        channel: ChannelView<'_>,
        chats: &ChatBook,
    ) -> Result<Change, Refusal> {
        let body = request.body();
        let scoped = match self {
            Self::Message => match read_message(body, account, channel, chats)? {
                Message::New(message) => return Ok(Change::Message(message)),
                Message::Edited(scoped) => *scoped,
            },
            Self::CreateChat => create_chat(body, account, channel, chats)?,
            Self::Status { message_id } => read_status(body, message_id, account, chats)?,
            Self::History { conversation_id } => {
                let query = request.target().split_once('?').map(|(_, query)| query);
                history(query, conversation_id, account, chats)?
            }
            Self::Typing => typing(body, account, chats)?,
            Self::React => react(body, account, channel, chats)?,
        };
        Ok(Change::Scoped(Box::new(scoped)))
    }
}
