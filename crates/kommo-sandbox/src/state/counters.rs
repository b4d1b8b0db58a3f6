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
    /// Messages of customers that were taken.
    pub messages: u64,
    /// Requests to the Open API that were carried out.
    pub open_api_calls: u64,
    /// Requests to the token endpoint with a refresh token, whatever became of them.
    pub refresh_requests: u64,
    /// Refreshes that were committed.
    pub refreshes: u64,
    /// Refreshes that were committed for a refresh token that had been refreshed already.
    pub double_refreshes: u64,
    /// Refreshes that were refused with `Token has been revoked`.
    pub refused_as_revoked: u64,
    /// Codes that were exchanged.
    pub codes_exchanged: u64,
    /// Pairs that were issued, and whose answer never left: a fault or the client cut the
    /// connection.
    pub answers_dropped_after_commit: u64,
    /// Grants in which a pair was issued since they were last ended, and of which no refresh token
    /// that still works was ever delivered: no client can know one. Counted when asked.
    pub lost_grants: u64,
    /// Grants, other than lost ones, of which the latest pair was never used, while a refresh with
    /// a dead token was refused since it was issued: the client got the answer and did not keep it.
    /// Counted when asked.
    pub abandoned_grants: u64,
    /// Calls to the CRM API that were let in.
    pub crm_calls: u64,
    /// Leads that were created.
    pub leads_created: u64,
    /// Hooks that were sent.
    pub hooks_sent: u64,
    /// Hooks that were answered 200.
    pub hooks_answered_200: u64,
}
