//! How requests come in and go out: hosts, addresses, forms, bodies.

pub(crate) mod web_address;
pub(crate) mod host;
pub(crate) mod platform_host;
pub(crate) mod own_links;
pub(crate) mod form_fields;
pub(crate) mod received_request;
pub(crate) mod owned_request;
pub(crate) mod read_body;
pub(crate) mod outgoing;
