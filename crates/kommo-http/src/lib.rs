#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// In the order the data flows, which is also the order to read them. A file uses only files above
// it, and a feature brings a folder.
mod error;
mod transport;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod secrets;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod budget;
#[cfg(any(feature = "chats", feature = "open-api"))]
mod signed;
#[cfg(feature = "chats")]
mod chats;
#[cfg(feature = "open-api")]
mod open_api;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "crm")]
mod crm;
#[cfg(feature = "webhook")]
mod webhook;

pub use error::{BuildError, Cause, InvalidRequest, ParseQueryError, TransportError};
pub use transport::{
    OutgoingRequest, RawResponse, Repeat, RequestQuery, RetryPolicy, Transport, TransportBuilder,
};

#[cfg(any(feature = "oauth", feature = "crm"))]
pub use budget::{
    BreakReason, BucketKey, BudgetSettings, LimitShare, NotAShare, OpenBreaker, RateLimit,
    RequestBudget,
};

#[cfg(any(feature = "chats", feature = "open-api"))]
pub use signed::{Pace, Pause, PeerHold, SigningClock, SystemSigningClock};

#[cfg(feature = "chats")]
pub use chats::{
    Answer, ChatsClient, ChatsConnection, ChatsError, HistoryPages, MessageOutcome, RawRequest,
    Refusal, Unreadable, UnreadableReason,
};

#[cfg(feature = "open-api")]
pub use open_api::{
    OpenApiAnswer, OpenApiAttempts, OpenApiClient, OpenApiError, OpenApiRefusal, UnreadableAnswer,
    UnreadableAnswerReason,
};

#[cfg(feature = "oauth")]
pub use oauth::HttpTokenEndpoint;

#[cfg(feature = "crm")]
pub use crm::{
    AccountAmojoId, AnswerFault, ChatLink, ChatLinks, Closure, CrmAnswer, CrmClient, CrmError,
    CrmMethod, CrmRefusal, CrmRefusalKind, CrmRequest, CrmResponse, DriveFile, LinkedChat, Listed,
    NewWebhook, PAGE_LIMIT_MAX, PAGES_MAX_DEFAULT, Page, Pages, PagingError, QueuedMessage,
    ReplayAfter401, Source, Talk, TalkAttachment, TalkFilter, TalkMessage, TalkMessagePages,
    TalkPages, TalkPerson, TalkStatus, TalkText, Talks, UserAmojoId, ValidationError, WEBHOOKS_MAX,
    Webhook, WebhookList, Webhooks,
};

#[cfg(feature = "webhook")]
pub use webhook::{WebhookAnswer, WebhookSender, WebhookSettings, WebhookUrl, WebhookUrlError};
