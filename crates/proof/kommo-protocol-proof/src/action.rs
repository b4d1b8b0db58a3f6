//! What can happen next.

use crate::platform::PairId;
use crate::setup::Noise;

/// The requirement that a run begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// A token of a later generation than the stored one.
    Newer,
    /// A token that is valid for a while.
    ValidFor(u64),
    /// The same, by a worker that knows that the grant is due and begins at the lock.
    Due(u64),
    /// One in place of a token that the platform answered 401 to.
    InsteadOfRejected,
    /// A pair that is younger than this number of seconds.
    YoungerThan(u64),
}

/// The outcome of a worker's step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It succeeds.
    Fine,
    /// It fails without an effect.
    FailsBefore,
    /// It is done, and reported as failed.
    FailsAfter,
    /// The store fails before it, in a way that only a person can repair.
    NeedsPerson,
}

/// What happens to a request at the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answering {
    /// It acts and answers.
    Acts,
    /// It never sees the request.
    NeverArrives,
    /// It acts, and the answer is lost.
    ActsSilently,
    /// It acts and answers 503.
    ActsAndFails,
    /// Another server answers.
    Noise(Noise),
}

/// One step of the world. Workers are named by their indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A worker begins a run.
    Begin(usize, Ask),
    /// A worker carries out the step of its run.
    Step(usize, Fate),
    /// The request of a worker arrives.
    Arrive(usize, Answering),
    /// A worker stops waiting; its request stays under way.
    GiveUp(usize),
    /// A request whose sender no longer waits arrives.
    ArriveLate(usize),
    /// A worker crashes. Its request stays under way or vanishes.
    Crash {
        /// Which.
        worker: usize,
        /// Whether the request stays on its way.
        request_stays: bool,
    },
    /// A worker's lock is lost; it does not notice.
    LoseLock(usize),
    /// A worker that waits to save ends its run: its pair is in the lifeboat.
    Leave(usize),
    /// An answer to the request of another grant stops the process of this worker as a whole.
    Stop(usize),
    /// A caller uses an access token.
    Call(PairId),
    /// The user consents again.
    Consent,
    /// The account gets another host.
    Move,
    /// The account is erased on request, and its record with it.
    Erase,
    /// Hours pass.
    PassTime,
}
