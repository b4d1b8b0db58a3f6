//! From an authorization code to a grant.

pub(crate) mod outcome;
mod exchanged_pair;
mod unsaved_answer;
mod one_exchange;
mod exchange;
