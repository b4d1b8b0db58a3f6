//! The eight requests. Each checks its fields when it is created, and writes its body once: sign
//! these bytes, and send these bytes.
//!
//! The platform's field names are initials of Chinese words; ours are English words. Each type has
//! its path.

mod body;
mod customer_chat;
mod group_chat;
mod raw_fields;
mod ticket;

pub use body::{Answer, OpenApiRequest};
pub use customer_chat::{ChatVisibility, CustomerChat, DeleteChats, StartChat, StartChats};
pub use group_chat::{
    CreatedGroup, DissolveGroup, DissolveGroups, Group, Member, MemberKind, StartGroups,
};
pub use raw_fields::{RawFields, RawFieldsError};
pub use ticket::{AddAgents, CreateTicket, CreatedTicket};
