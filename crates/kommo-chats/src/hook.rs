//! What a chat hook says, read from its proven bytes.
//!
//! ```text
//! Verified<&[u8]> ──read──> Verified<ChatEvent> ── Message, CommentReply, Typing, Reaction,
//!                                                  MessageV1, or Unknown with its bytes
//! ```
//!
//! Reading is lenient: a field that is absent, `null` or empty is the same; an unknown field does
//! no harm; an unknown kind is kept whole.

mod node;
mod private_text;

mod message_type;
mod people;
mod markup;
mod template;
mod quote;

mod message;
mod typing;
mod reaction;
mod message_v1;

mod event;

pub use event::{ChatEvent, ChatEventKind, CommentReply, UnknownEvent};
pub use markup::{Button, ListMessage, ListRow, ListSection, Markup};
pub use message::{Media, Message, MessageContent};
pub use message_type::MessageType;
pub use message_v1::MessageV1;
pub use people::{Conversation, Participant};
pub use private_text::PrivateText;
pub use quote::{Forwards, QuotedMessage};
pub use reaction::{Reaction, ReactionKind};
pub use template::{Template, TemplateParameter};
pub use typing::Typing;
