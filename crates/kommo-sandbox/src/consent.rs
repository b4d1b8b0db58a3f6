//! The consent page.

pub(crate) mod site;
pub(crate) mod request;
pub(crate) mod page;
pub(crate) mod cookie;
pub(crate) mod grant;
pub(crate) mod visit;
pub(crate) mod endpoint;
