//! The routes.

// Reading order: a file uses only files above it.
pub(crate) mod guarded_answer;
pub(crate) mod responses;
pub(crate) mod start_route;
pub(crate) mod script_route;
pub(crate) mod install_route;
pub(crate) mod callback_route;
pub(crate) mod result_route;
pub(crate) mod secrets_route;
pub(crate) mod disconnect_route;
pub(crate) mod watch_routes;
pub(crate) mod router;
