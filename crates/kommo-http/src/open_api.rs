//! The chat Open API: calls with a new time, random text and signature for each attempt.

mod answer;
mod refusal;
mod unreadable;
mod error;
mod attempt;
mod call;
mod client;

pub use self::answer::{OpenApiAnswer, OpenApiAttempts};
pub use self::client::OpenApiClient;
pub use self::error::OpenApiError;
pub use self::refusal::OpenApiRefusal;
pub use self::unreadable::{UnreadableAnswer, UnreadableAnswerReason};
