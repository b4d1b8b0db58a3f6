//! The requests of a connected channel: chats, messages, statuses, typing, reactions, history.
//!
//! Each checks its fields when it is made and writes its body once: sign these bytes, send these
//! bytes. What is optional is left out, never sent as `null`.

mod checks;

mod scope_request;
mod participants;
mod reference;
mod attachment;
mod content;
mod moment;
mod quote;

mod create_chat;
mod delivery_status;
mod new_message;
mod edit_message;
mod typing;
mod reaction;
mod history;

pub use attachment::{Media, MediaKind};
pub use content::{Content, Post, SharedPost};
pub use create_chat::{CreateChat, CreatedChat};
pub use delivery_status::{DeliveryFailure, DeliveryStatus, SetDeliveryStatus};
pub use edit_message::EditMessage;
pub use history::{HISTORY_PAGE_MAX, History, HistoryMessage, HistoryPage};
pub use moment::Moment;
pub use new_message::{AcceptedMessage, NewMessage};
pub use participants::{Author, Client};
pub use quote::{Forward, Quote};
pub use reaction::{React, ReactionBy};
pub use reference::{ConversationRef, MessageRef};
pub use scope_request::ScopeRequest;
pub use typing::ShowTyping;
