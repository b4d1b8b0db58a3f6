//! Plain counts since the start.

use serde::{Deserialize, Serialize};

/// How often what happened, since the sandbox started. Unlike the journal it forgets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counters {
    /// Requests that came in, the control API's own left out.
    pub requests: u64,
    /// Requests that were accepted.
    pub accepted: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests whose answer a fault replaced.
    pub faults: u64,
    /// Connects that were carried out, repeated ones too.
    pub connects: u64,
    /// Disconnects that were carried out, repeated ones too.
    pub disconnects: u64,
}
