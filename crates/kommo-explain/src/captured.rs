//! Requests as people have them: pasted commands, and the text of a request.

pub(crate) mod capture_error;
pub(crate) mod captured_request;
pub(crate) mod http_text;
pub(crate) mod cursor;
pub(crate) mod shell;
pub(crate) mod curl_option;
pub(crate) mod curl_command;
