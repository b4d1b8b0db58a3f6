//! What the CRM API has beside the Chats API: ids of its users, links, sources and conversations.

mod amojo_ids;
mod chat_links;
mod sources;
mod talks;
mod talk_messages;

pub use self::amojo_ids::{AccountAmojoId, UserAmojoId};
pub use self::chat_links::{ChatLink, ChatLinks, LinkedChat};
pub use self::sources::Source;
pub use self::talk_messages::{
    DriveFile, QueuedMessage, TalkAttachment, TalkMessage, TalkMessagePages, TalkPerson, TalkText,
};
pub use self::talks::{Closure, Talk, TalkFilter, TalkPages, TalkStatus, Talks};
