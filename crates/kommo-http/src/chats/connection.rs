//! What a channel does in one account, once it is connected.

use alloc::boxed::Box;
use core::fmt;

use kommo_account::ScopeId;
use kommo_chats::DecodeError;
use kommo_chats::request::{
    AcceptedMessage, CreateChat, CreatedChat, EditMessage, History, HistoryPage, NewMessage, React,
    ScopeRequest, SetDeliveryStatus, ShowTyping,
};
use kommo_sign::{RequestMethod, RequestPath};

use crate::chats::answer::Answer;
use crate::chats::client::{ChatsClient, without_data};
use crate::chats::error::{ChatsError, Unreadable, UnreadableReason};
use crate::chats::raw_request::RawRequest;
use crate::chats::refusal::Refusal;
use crate::error::InvalidRequest;
use crate::transport::raw_response::RawResponse;
use crate::transport::request_query::RequestQuery;
use crate::transport::retry_policy::Repeat;

/// A channel in one account: chats, messages, statuses, typing, reactions, history.
///
/// Made by [`ChatsClient::connection`]; cheap to clone. Each request is repeated where that may
/// help: all of them do the same if they come twice, a new message because of its `msgid`.
#[derive(Clone)]
pub struct ChatsConnection {
    client: ChatsClient,
    scope: ScopeId,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageOutcome {
    /// The platform has it.
    Accepted(Answer<AcceptedMessage>),
    /// An earlier attempt of this call had no answer that says what became of it, and the platform
    /// refused its repetition with 400: most likely because it has the message, whose platform's id
    /// is then unknown. What the platform answers to a repeated `msgid` is documented nowhere.
    PerhapsAccepted(Box<Refusal>),
}

impl MessageOutcome {
    /// The platform's ids, if it told them.
    #[must_use]
    pub const fn accepted(&self) -> Option<&AcceptedMessage> {
        match self {
            Self::Accepted(answer) => Some(answer.value()),
            Self::PerhapsAccepted(_) => None,
        }
    }
}

impl ChatsClient {
    /// What the channel does in one account, after [`connect`](Self::connect) returned its
    /// `scope_id`.
    #[must_use]
    pub fn connection(&self, scope: ScopeId) -> ChatsConnection {
        ChatsConnection {
            client: self.clone(),
            scope,
        }
    }
}

impl ChatsConnection {
    /// The connection that this is.
    #[must_use]
    pub const fn scope_id(&self) -> &ScopeId {
        &self.scope
    }

    /// Creates a chat without a message, or finds the one there is.
    ///
    /// # Errors
    ///
    /// [`ChatsError`]; [`ChatsError::Unreadable`] for an answer without the platform's id.
    pub async fn create_chat(
        &self,
        request: &CreateChat,
    ) -> Result<Answer<CreatedChat>, ChatsError> {
        self.read(request, CreatedChat::from_body).await
    }

    /// Sends a message. A repetition, of this call or of yours, must have the same `msgid`, so make
    /// the message once and send it again as it is.
    ///
    /// # Errors
    ///
    /// [`ChatsError`]. After [`ChatsError::Transport`] nobody knows whether the message was taken.
    pub async fn send(&self, message: &NewMessage) -> Result<MessageOutcome, ChatsError> {
        match self.read(message, AcceptedMessage::from_body).await {
            Ok(accepted) => Ok(MessageOutcome::Accepted(accepted)),
            Err(ChatsError::Refused(refusal))
                if refusal.status() == 400 && refusal.follows_unknown_outcome() =>
            {
                Ok(MessageOutcome::PerhapsAccepted(refusal))
            }
            Err(error) => Err(error),
        }
    }

    /// Changes what a message says.
    ///
    /// # Errors
    ///
    /// [`ChatsError`].
    pub async fn edit(&self, request: &EditMessage) -> Result<Answer<AcceptedMessage>, ChatsError> {
        self.read(request, AcceptedMessage::from_body).await
    }

    /// Says how far a message of a manager came, by the **platform's** id of the message.
    ///
    /// # Errors
    ///
    /// [`ChatsError`]; 404 for the integration's own id (rule C4 for a 2xx with a page in it).
    pub async fn set_delivery_status(
        &self,
        request: &SetDeliveryStatus,
    ) -> Result<Answer<()>, ChatsError> {
        self.expect_nothing(request).await
    }

    /// Shows the manager that the client is writing.
    ///
    /// # Errors
    ///
    /// [`ChatsError`].
    pub async fn show_typing(&self, request: &ShowTyping) -> Result<Answer<()>, ChatsError> {
        self.expect_nothing(request).await
    }

    /// Adds a reaction to a message, or takes it back.
    ///
    /// # Errors
    ///
    /// [`ChatsError`].
    pub async fn react(&self, request: &React) -> Result<Answer<()>, ChatsError> {
        self.expect_nothing(request).await
    }

    /// One page of a chat, the newest message first.
    ///
    /// # Errors
    ///
    /// [`ChatsError`]; [`ChatsError::Unreadable`] for a page that is no list.
    pub async fn history(&self, request: &History) -> Result<Answer<HistoryPage>, ChatsError> {
        self.read(request, HistoryPage::from_body).await
    }

    /// The pages of a chat, one after the other, each read when it is asked for.
    #[must_use]
    pub const fn history_pages(&self, first: History) -> HistoryPages<'_> {
        HistoryPages {
            connection: self,
            next: Some(first),
        }
    }

    async fn read<R: ScopeRequest, T>(
        &self,
        request: &R,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Answer<T>, ChatsError> {
        let answer = self.call(request).await?;
        let (status, attempts) = (answer.status, answer.attempts);
        answer.try_map(|response| {
            decode(response.body()).map_err(|error| {
                let reason = UnreadableReason::Body(error);
                ChatsError::Unreadable(Unreadable {
                    status,
                    reason,
                    attempts,
                })
            })
        })
    }

    async fn expect_nothing<R: ScopeRequest>(&self, request: &R) -> Result<Answer<()>, ChatsError> {
        without_data(self.call(request).await?)
    }

    /// The body is written once, and these bytes are signed and sent (invariant I1).
    async fn call<R: ScopeRequest>(&self, request: &R) -> Result<Answer<RawResponse>, ChatsError> {
        let invalid = ChatsError::InvalidRequest;
        let target = request.path(&self.scope);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&*target, None),
        };
        let method =
            RequestMethod::parse(R::METHOD).map_err(|_| invalid(InvalidRequest::Method))?;
        let path =
            RequestPath::parse(path).map_err(|error| invalid(InvalidRequest::Path(error)))?;
        let body = request.to_body();
        let mut raw = RawRequest::new(method, path)
            .with_body(&body)
            .with_repeat(Repeat::WhenSafe);
        if let Some(query) = query {
            let query = RequestQuery::parse(query);
            raw = raw.with_query(query.map_err(|error| invalid(InvalidRequest::Query(error)))?);
        }
        self.client.call(&raw).await
    }
}

impl fmt::Debug for ChatsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatsConnection")
            .field("client", &self.client)
            .field("scope", &self.scope)
            .finish()
    }
}

/// The pages of a chat, from the newest message to the oldest, in constant memory.
///
/// A message that comes while pages are read moves all others on by one, so a page may begin with
/// messages that the page before had: know them by their id.
#[derive(Debug)]
pub struct HistoryPages<'a> {
    connection: &'a ChatsConnection,
    next: Option<History>,
}

impl HistoryPages<'_> {
    /// The next page; `None` after the last one. After an error the same page is asked for again.
    ///
    /// # Errors
    ///
    /// As [`ChatsConnection::history`].
    pub async fn next(&mut self) -> Result<Option<HistoryPage>, ChatsError> {
        let Some(request) = &self.next else {
            return Ok(None);
        };
        let page = self.connection.history(request).await?.into_value();
        self.next = request.after(page.messages.len() + page.unread);
        Ok(Some(page).filter(|page| !page.messages.is_empty() || page.unread > 0))
    }
}
