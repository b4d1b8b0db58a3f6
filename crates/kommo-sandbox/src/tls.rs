//! TLS under the real host names, with an authority of our own.

pub(crate) mod authority;
pub(crate) mod acceptor;
