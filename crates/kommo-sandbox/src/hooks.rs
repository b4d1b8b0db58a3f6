//! Hooks out: what is ordered, how a request of it is made, and its delivery.

pub(crate) mod order;
pub(crate) mod making;
pub(crate) mod delivery;
