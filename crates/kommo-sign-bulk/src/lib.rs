#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

// In the order the data flows, which is also the order to read them. A file uses only files above
// it.
mod level;

mod ahead;
mod lanes;
mod md5_lanes;
mod sha1_lanes;
mod hash_lanes;
mod hex_lanes;

mod ending;
mod window;
mod mac_key;

mod error;
mod request;
mod content_digests;
mod tails;
mod sign_window;
mod bulk_signer;

mod received;
mod hook;
mod verify_window;
mod bulk_hook_key;

pub use bulk_hook_key::BulkHookKey;
pub use bulk_signer::BulkSigner;
pub use error::{RequestError, ResultsTooShort, SignManyError};
pub use hook::{HookVerdict, ReceivedHook};
pub use level::Level;
pub use request::{BulkRequest, BulkSigned, RequestText};
