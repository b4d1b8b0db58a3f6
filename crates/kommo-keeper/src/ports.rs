//! What a keeper needs from outside: clock, store, recovery file, token endpoint; and what it
//! offers to clients of the CRM.

pub(crate) mod clock;
pub(crate) mod shared_clock;
pub(crate) mod grant_store;
pub(crate) mod due_grants;
pub(crate) mod pending_codes;
pub(crate) mod lifeboat;
pub(crate) mod token_endpoint;
pub(crate) mod erased;
pub(crate) mod access_tokens;
pub(crate) mod shared_bucket;
