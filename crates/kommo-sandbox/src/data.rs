//! A directory in which the state outlives the process: the whole state as a document, and a log of
//! what changed since.
//!
//! ```text
//! lock              held while a sandbox runs on the directory
//! state.json        the whole state, and its generation N
//! changes-N.log     frames of changes, each synced before what it changed is answered
//! ```
//!
//! A new document is written beside the old one and synced, its empty log too; then the document is
//! renamed, and the old log goes. So a crash at any step leaves a document and its own log.

pub(crate) mod frame;
pub(crate) mod directory;
pub(crate) mod change_log;
