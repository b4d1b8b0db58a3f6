//! From an authorization code to a grant.

pub(crate) mod outcome;
mod exchanged_pair;
mod exchange;
