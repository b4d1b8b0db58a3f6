//! How callers get tokens, and what they report about the calls that they made with them.

mod valid_token;
mod rejected_token;
mod payment;
mod moved_account;
mod for_clients;
