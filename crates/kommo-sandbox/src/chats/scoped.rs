//! What a request of a connection comes to.

use serde_json::Value;

use crate::state::chat_book::Update;

/// What is answered.
pub(crate) enum Answer {
    /// 200 with JSON.
    Json(Value),
    /// 200 with nothing, or as the sandbox is told to answer where there is no data.
    NoData,
    /// 204.
    NoContent,
}

/// A request that is in order: its answer, and what it changes.
pub(crate) struct Scoped {
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) answer: Answer,
    pub(crate) update: Option<Update>,
}
