//! The CRM API, and the look-ups beside it.

pub(crate) mod bearer;
pub(crate) mod call;
pub(crate) mod account;
pub(crate) mod paging;
pub(crate) mod contacts;
pub(crate) mod chats;
pub(crate) mod talks;
pub(crate) mod entities;
pub(crate) mod leads;
pub(crate) mod subdomain;
pub(crate) mod webhooks;
pub(crate) mod endpoint;
