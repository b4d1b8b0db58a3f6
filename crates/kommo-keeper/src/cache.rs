//! What is in memory of a grant: its token, and the flight that refreshes it.

pub(crate) mod cached_token;
pub(crate) mod grant_slot;
