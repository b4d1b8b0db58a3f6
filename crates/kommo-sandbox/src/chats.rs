//! The Chats API: connect, disconnect and messages, and the check of their signatures.

pub(crate) mod refusal;
pub(crate) mod request_date;
pub(crate) mod signature_check;
pub(crate) mod signed_lines;
pub(crate) mod connect_body;
pub(crate) mod fields;
pub(crate) mod scoped;
pub(crate) mod status_body;
pub(crate) mod message_content;
pub(crate) mod people;
pub(crate) mod message_body;
pub(crate) mod chat_calls;
pub(crate) mod route;
pub(crate) mod endpoint;
