//! What a platform knows: its state behind one lock, the journal, the counters.

pub(crate) mod explainer;
pub(crate) mod wire_record;
pub(crate) mod journal;
pub(crate) mod journal_record;
pub(crate) mod counters;
pub(crate) mod grant_error;
pub(crate) mod webhook_list;
pub(crate) mod deliveries;
pub(crate) mod open_api_book;
pub(crate) mod consent_session;
pub(crate) mod connection;
pub(crate) mod names;
pub(crate) mod chat_book;
pub(crate) mod crm_book;
pub(crate) mod contents;
pub(crate) mod platform_state;
pub(crate) mod seed;
pub(crate) mod document;
pub(crate) mod snapshot;
pub(crate) mod platform;
pub(crate) mod whole_state;
