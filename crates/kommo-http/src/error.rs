//! What can go wrong in every feature: a request that cannot be sent, a transport that cannot be
//! built, a connection that breaks.

mod cause;
mod build_error;
mod query_error;
mod invalid_request;
mod transport_error;

pub use self::build_error::BuildError;
pub use self::cause::Cause;
pub use self::invalid_request::InvalidRequest;
pub use self::query_error::ParseQueryError;
pub use self::transport_error::TransportError;
#[cfg(feature = "crm")]
pub(crate) use self::transport_error::may_be_done;
