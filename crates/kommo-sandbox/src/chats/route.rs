//! The routes of the Chats API, and what a body asks of them.

use axum::http::StatusCode;

use crate::chats::connect_body::{read_connect, read_disconnect};
use crate::chats::message_body::{NewMessage, read_message};
use crate::chats::refusal::Refusal;
use crate::state::chat_book::ChatBook;
use crate::state::connection::{ChannelView, Connection};

/// What an accepted request changes.
pub(crate) enum Change {
    Connect(Connection),
    Disconnect { scope_id: String },
    Message(Box<NewMessage>),
}

/// What a route does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action<'a> {
    Connect,
    Disconnect,
    /// A message to the account of this scope.
    Message {
        scope_id: &'a str,
    },
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
    let mut segments = path.split('/');
    let prefix = [
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    ];
    let (owner, name) = (segments.next().unwrap_or_default(), segments.next());
    let (channel_id, action) = match name {
        Some("connect") => (owner, Action::Connect),
        Some("disconnect") => (owner, Action::Disconnect),
        None => match owner.split_once('_') {
            Some((channel_id, _)) => (channel_id, Action::Message { scope_id: owner }),
            None => return Err(no_such_route()),
        },
        Some(_) => return Err(no_such_route()),
    };
    let complete = prefix == [Some(""), Some("v2"), Some("origin"), Some("custom")]
        && !owner.is_empty()
        && segments.next().is_none();
    if complete {
        Ok((channel_id, action))
    } else {
        Err(no_such_route())
    }
}

fn no_such_route() -> Refusal {
    let reason = "the sandbox has POST /v2/origin/custom/{channel_id}/connect, DELETE /v2/origin/custom/{channel_id}/disconnect and POST /v2/origin/custom/{scope_id}";
    Refusal::other(StatusCode::NOT_FOUND, "NOT_FOUND", "route-unknown", reason)
}

impl Action<'_> {
    const fn method(self) -> &'static str {
        match self {
            Self::Connect | Self::Message { .. } => "POST",
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
            Self::Message { .. } => None,
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

    /// Reads the body of a proven request.
    pub(crate) fn read(
        self,
        body: &[u8],
        channel: ChannelView<'_>,
        chats: &ChatBook,
    ) -> Result<Change, Refusal> {
        match self {
            Self::Message { scope_id } => {
                let message = read_message(body, scope_id, channel, chats)?;
                Ok(Change::Message(Box::new(message)))
            }
            Self::Connect => read_connect(body, channel).map(Change::Connect),
            Self::Disconnect => {
                read_disconnect(body, channel).map(|scope_id| Change::Disconnect { scope_id })
            }
        }
    }
}
