//! The CRM API: any call in the name of one grant.

mod any_tokens;
mod request;
mod problem;
mod refusal;
mod error;
mod answer;
mod call;
mod client;
mod next_link;
mod pages;
mod webhooks;
mod listed;
mod chats;

pub use self::answer::{CrmAnswer, CrmResponse};
pub use self::call::ReplayAfter401;
pub use self::chats::{
    AccountAmojoId, ChatLink, ChatLinks, Closure, DriveFile, LinkedChat, QueuedMessage, Source,
    Talk, TalkAttachment, TalkFilter, TalkMessage, TalkMessagePages, TalkPages, TalkPerson,
    TalkStatus, TalkText, Talks, UserAmojoId,
};
pub use self::client::CrmClient;
pub use self::error::{AnswerFault, CrmError, PagingError};
pub use self::listed::Listed;
pub use self::pages::{PAGE_LIMIT_MAX, PAGES_MAX_DEFAULT, Page, Pages};
pub use self::problem::ValidationError;
pub use self::refusal::{CrmRefusal, CrmRefusalKind};
pub use self::request::{CrmMethod, CrmRequest};
pub use self::webhooks::{NewWebhook, WEBHOOKS_MAX, Webhook, WebhookList, Webhooks};
