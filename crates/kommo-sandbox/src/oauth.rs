//! The token endpoint, and grants made without a consent page.

pub(crate) mod token_request;
pub(crate) mod token_pair;
pub(crate) mod made_grant;
pub(crate) mod granting;
pub(crate) mod watched_body;
pub(crate) mod token_endpoint;
