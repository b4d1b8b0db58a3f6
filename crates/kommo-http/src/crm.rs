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
mod amojo_ids;
mod chat_links;
mod sources;
mod talks;
mod talk_messages;

pub use self::amojo_ids::{AccountAmojoId, UserAmojoId};
pub use self::answer::{CrmAnswer, CrmResponse};
pub use self::call::ReplayAfter401;
pub use self::chat_links::{ChatLink, ChatLinks, LinkedChat};
pub use self::client::CrmClient;
pub use self::error::{AnswerFault, CrmError, PagingError};
pub use self::listed::Listed;
pub use self::pages::{PAGE_LIMIT_MAX, PAGES_MAX_DEFAULT, Page, Pages};
pub use self::problem::ValidationError;
pub use self::refusal::{CrmRefusal, CrmRefusalKind};
pub use self::request::{CrmMethod, CrmRequest};
pub use self::sources::Source;
pub use self::talk_messages::{
    DriveFile, QueuedMessage, TalkAttachment, TalkMessage, TalkMessagePages, TalkPerson, TalkText,
};
pub use self::talks::{Closure, Talk, TalkFilter, TalkPages, TalkStatus, Talks};
pub use self::webhooks::{NewWebhook, WEBHOOKS_MAX, Webhook, WebhookList, Webhooks};
