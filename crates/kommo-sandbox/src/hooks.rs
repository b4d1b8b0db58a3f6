//! Hooks out: what is ordered, how a request of it is made, its delivery, and its repeats.

pub(crate) mod order;
pub(crate) mod body_change;
pub(crate) mod chat_body;
pub(crate) mod crm_body;
pub(crate) mod making;
pub(crate) mod ladder;
pub(crate) mod hook_record;
pub(crate) mod delivery;
pub(crate) mod manager_message;
