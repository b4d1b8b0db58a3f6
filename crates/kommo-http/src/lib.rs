#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// In the order the data flows, which is also the order to read them. A file uses only files above it.
mod request_query;
mod error;
mod outgoing_request;
mod raw_response;
mod wiped_buffer;
mod content_coding;
mod tls_roots;
mod transport;
mod transport_builder;

// Of several features.
#[cfg(any(feature = "chats", feature = "oauth", feature = "crm"))]
mod server_date;
#[cfg(any(feature = "chats", feature = "crm"))]
mod repeat;
#[cfg(any(feature = "chats", feature = "crm"))]
mod retry_policy;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod redaction;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod bearer;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod json_body;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod any_clock;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod rate_limit;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod bucket_key;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod shared_bucket;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod local_buckets;
#[cfg(any(feature = "oauth", feature = "crm"))]
#[cfg_attr(
    not(feature = "crm"),
    allow(
        dead_code,
        reason = "the token endpoint asks the breaker about blocks alone"
    )
)]
mod breaker;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod budget_settings;
#[cfg(any(feature = "oauth", feature = "crm"))]
mod request_budget;

// Feature `chats`.
#[cfg(feature = "chats")]
mod chats_clock;
#[cfg(feature = "chats")]
mod clock_offset;
#[cfg(feature = "chats")]
mod peer_pauses;
#[cfg(feature = "chats")]
mod refusal;
#[cfg(feature = "chats")]
mod chats_error;
#[cfg(feature = "chats")]
mod raw_request;
#[cfg(feature = "chats")]
mod answer;
#[cfg(feature = "chats")]
mod attempt;
#[cfg(feature = "chats")]
mod call;
#[cfg(feature = "chats")]
mod chats_client;

// Feature `oauth`.
#[cfg(feature = "oauth")]
mod account_probe;
#[cfg(feature = "oauth")]
mod budget_report;
#[cfg(feature = "oauth")]
mod token_log;
#[cfg(feature = "oauth")]
mod http_token_endpoint;

// Feature `crm`.
#[cfg(feature = "crm")]
mod crm_request;
#[cfg(feature = "crm")]
mod crm_problem;
#[cfg(feature = "crm")]
mod crm_refusal;
#[cfg(feature = "crm")]
mod crm_error;
#[cfg(feature = "crm")]
mod crm_answer;
#[cfg(feature = "crm")]
mod crm_call;
#[cfg(feature = "crm")]
mod crm_client;
#[cfg(feature = "crm")]
mod next_link;
#[cfg(feature = "crm")]
mod pages;
#[cfg(feature = "crm")]
mod crm_webhooks;

pub use error::{BuildError, Cause, InvalidRequest, TransportError};
pub use outgoing_request::OutgoingRequest;
pub use raw_response::RawResponse;
pub use request_query::{ParseQueryError, RequestQuery};
pub use transport::Transport;
pub use transport_builder::TransportBuilder;

#[cfg(any(feature = "chats", feature = "crm"))]
pub use {repeat::Repeat, retry_policy::RetryPolicy};

#[cfg(any(feature = "oauth", feature = "crm"))]
pub use {
    breaker::{BreakReason, OpenBreaker},
    bucket_key::BucketKey,
    budget_settings::BudgetSettings,
    rate_limit::{LimitShare, NotAShare, RateLimit},
    request_budget::RequestBudget,
};

#[cfg(feature = "chats")]
pub use {
    answer::Answer,
    chats_client::ChatsClient,
    chats_clock::{ChatsClock, Pause, SystemChatsClock},
    chats_error::{ChatsError, Unreadable, UnreadableReason},
    peer_pauses::ChatsHold,
    raw_request::RawRequest,
    refusal::Refusal,
};

#[cfg(feature = "oauth")]
pub use http_token_endpoint::HttpTokenEndpoint;

#[cfg(feature = "crm")]
pub use {
    crm_answer::{CrmAnswer, CrmResponse},
    crm_call::ReplayAfter401,
    crm_client::CrmClient,
    crm_error::{AnswerFault, CrmError, PagingError},
    crm_problem::ValidationError,
    crm_refusal::{CrmRefusal, CrmRefusalKind},
    crm_request::{CrmMethod, CrmRequest},
    crm_webhooks::{NewWebhook, WEBHOOKS_MAX, Webhook, WebhookList, Webhooks},
    pages::{PAGE_LIMIT_MAX, PAGES_MAX_DEFAULT, Page, Pages},
};
