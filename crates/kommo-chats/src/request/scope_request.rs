//! What all requests of a connection have in common.

use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;

/// A request of a connection, below `/v2/origin/custom/{scope_id}`.
pub trait ScopeRequest {
    /// The method.
    const METHOD: &'static str;

    /// The path with its query on the Chats API host. It is what is signed, without the query.
    fn path(&self, scope: &ScopeId) -> String;

    /// The body; empty for a `GET`. Never panics.
    ///
    /// # Security
    ///
    /// Call it once. What is signed must be the bytes that are sent (rule S9).
    fn to_body(&self) -> Vec<u8>;
}
