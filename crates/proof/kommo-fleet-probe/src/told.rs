//! What a worker tells: one line of JSON each. A token never stands in one.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

/// One line of a worker.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
pub(crate) enum Told {
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
    /// Every task of the round has told.
    Done { round: u64 },
    /// The work of a sweep is done.
    Finished(Finished),
}

/// What the call with the token said.
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

impl Told {
    /// Writes the line to standard output, at once.
    pub(crate) fn tell(&self) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line)?;
        out.flush()
    }
}
