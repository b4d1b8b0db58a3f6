//! Faults on order: where they are, what they do, and which of them a request meets.

pub(crate) mod surface;
pub(crate) mod kind;
pub(crate) mod fault;
pub(crate) mod queue;
