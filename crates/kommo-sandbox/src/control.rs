//! The control API and the dashboard.

pub(crate) mod integration;
pub(crate) mod overview;
pub(crate) mod dashboard;
pub(crate) mod calls;
pub(crate) mod journal_calls;
pub(crate) mod customer_message;
pub(crate) mod hook_calls;
pub(crate) mod grant_calls;
pub(crate) mod open_api_calls;
pub(crate) mod snapshot_calls;
