//! What can go wrong below the Chats API: a request that cannot be sent, a transport that cannot be built, a wire that breaks.

mod build_error;
mod cause;
mod invalid_request;
mod transport_error;

pub use build_error::BuildError;
pub use cause::Cause;
#[cfg(feature = "crm")]
pub(crate) use cause::clean;
pub use invalid_request::InvalidRequest;
pub use transport_error::TransportError;
