//! The eight requests. Each checks its fields when it is made, and writes its body once: sign these bytes, send these bytes.
//!
//! The names of the platform are initials of Chinese words; ours say what they mean, and each type names its path.

mod body;
mod customer_chat;
mod group_chat;
mod ticket;

pub use body::{Answer, OpenApiRequest};
pub use customer_chat::{ChatVisibility, CustomerChat, DeleteChats, StartChat, StartChats};
pub use group_chat::{
    CreatedGroup, DissolveGroup, DissolveGroups, Group, Member, MemberKind, StartGroups,
};
pub use ticket::{AddAgents, CreateTicket, CreatedTicket};
