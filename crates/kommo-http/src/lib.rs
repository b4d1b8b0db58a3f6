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
#[cfg(feature = "chats")]
mod chats;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "crm")]
mod crm;

pub use error::{BuildError, Cause, InvalidRequest, ParseQueryError, TransportError};
pub use transport::{
    OutgoingRequest, RawResponse, Repeat, RequestQuery, RetryPolicy, Transport, TransportBuilder,
};

#[cfg(any(feature = "oauth", feature = "crm"))]
pub use budget::{
    BreakReason, BucketKey, BudgetSettings, LimitShare, NotAShare, OpenBreaker, RateLimit,
    RequestBudget,
};

#[cfg(feature = "chats")]
pub use chats::{
    Answer, ChatsClient, ChatsClock, ChatsConnection, ChatsError, ChatsHold, HistoryPages,
    MessageOutcome, Pause, RawRequest, Refusal, SystemChatsClock, Unreadable, UnreadableReason,
};

#[cfg(feature = "oauth")]
pub use oauth::HttpTokenEndpoint;

#[cfg(feature = "crm")]
pub use crm::{
    AnswerFault, CrmAnswer, CrmClient, CrmError, CrmMethod, CrmRefusal, CrmRefusalKind, CrmRequest,
    CrmResponse, NewWebhook, PAGE_LIMIT_MAX, PAGES_MAX_DEFAULT, Page, Pages, PagingError,
    ReplayAfter401, ValidationError, WEBHOOKS_MAX, Webhook, WebhookList, Webhooks,
};
