//! The reports of a worker: one line of JSON each. They never contain a token.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

/// One line of a worker.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "message", rename_all = "kebab-case")]
pub(crate) enum WorkerMessage {
    /// It has its store and waits for its first `go`.
    Ready,
    /// A task got a token.
    Token {
        round: u64,
        grant: String,
        generation: u64,
        call: Called,
    },
    /// A task got none.
    NoToken {
        round: u64,
        grant: String,
        why: String,
        /// Of a grant that needs a new consent.
        reason: String,
    },
    /// Every task of the round has reported.
    Done { round: u64 },
    /// The work of a sweep is done.
    Finished(Finished),
}

/// The result of the call with the token.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Called {
    /// None was made.
    Not,
    /// The account answered.
    Alive,
    /// 401, and no other token came for it.
    Unauthorized,
    /// Something else.
    Inconclusive,
}

/// What a worker of a sweep has done.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Finished {
    pub(crate) refreshed: u64,
    pub(crate) fresh: u64,
    pub(crate) later: u64,
    pub(crate) ended: u64,
}

impl WorkerMessage {
    /// Writes the line to standard output, at once.
    pub(crate) fn send(&self) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line)?;
        out.flush()
    }
}
