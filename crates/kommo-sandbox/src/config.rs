//! What a sandbox is made of: accounts, the integration, the rules that differ between platforms.

pub(crate) mod account;
pub(crate) mod integration;
pub(crate) mod oauth_rules;
pub(crate) mod token_error;
pub(crate) mod crm_rules;
pub(crate) mod open_api_rules;
pub(crate) mod outward_rules;
pub(crate) mod hook_kind;
pub(crate) mod token_algorithm;
pub(crate) mod sandbox_config;
