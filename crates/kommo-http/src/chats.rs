//! The Chats API: calls that are signed anew for each attempt.

mod clock_offset;
mod refusal;
mod error;
mod raw_request;
mod answer;
mod attempt;
mod call;
mod client;
mod connection;

pub use self::answer::Answer;
pub use self::client::ChatsClient;
pub use self::connection::{ChatsConnection, HistoryPages, MessageOutcome};
pub use self::error::{ChatsError, Unreadable, UnreadableReason};
pub use self::raw_request::RawRequest;
pub use self::refusal::Refusal;
