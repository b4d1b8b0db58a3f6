//! A worker: nothing, or one run of the protocol, and what it waits for.

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{AttemptId, Generation, Hold, Revision};
use kommo_oauth::refresh::RefreshProtocol;

use crate::platform::PairId;
use crate::setup::Noise;

/// A request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Request {
    /// The pair whose refresh token it carries.
    pub(crate) used: PairId,
    pub(crate) host: AccountHost,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reply {
    Pair(PairId),
    Revoked,
    ServerError,
    /// Nothing came.
    Lost,
    Noise(Noise),
}

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Waiting {
    /// Nothing: the next step is its own.
    No,
    /// Its request is on its way.
    Sent(Request),
}

/// The attempt that the store has confirmed to this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Recorded {
    pub(crate) attempt: AttemptId,
    pub(crate) used: PairId,
    /// Whether the record says that it is the retry of a doubt.
    pub(crate) is_declared: bool,
    /// The generation that it started from.
    pub(crate) generation: Generation,
    /// When it was confirmed.
    pub(crate) at: UnixSeconds,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    pub(crate) protocol: RefreshProtocol,
    pub(crate) waiting: Waiting,
    /// The revision that it read or wrote last.
    pub(crate) revision: Revision,
    /// Names its attempts.
    pub(crate) slot: u64,
    pub(crate) recorded: Option<Recorded>,
    /// Whether there is room for its answer in the lifeboat.
    pub(crate) has_room: bool,
    /// What stopped its process as a whole when it loaded last.
    pub(crate) stopped_by: Option<Hold>,
}

/// One worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Worker {
    pub(crate) machine: usize,
    pub(crate) standing: Standing,
    /// What stops this process as a whole.
    pub(crate) own_hold: Option<Hold>,
    pub(crate) run: Option<Run>,
}

/// Whether a worker really holds the lock. The run itself may believe otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Standing {
    /// It was not granted, or was released.
    Without,
    /// It was granted.
    Holds,
    /// It was granted and is lost, which the worker has not noticed: a stopped process, a dead
    /// connection.
    Lost,
    /// The worker has dropped it: the store failed, and the lock may have gone with its connection.
    Dropped,
}
