//! What can happen next.

use crate::inbox::setup::HookId;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It was written and confirmed.
    Written,
    /// It was written, and its answer was lost.
    Unknown,
    /// It is written later or never, and its answer was lost.
    Late,
    /// It was not written.
    Failed,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SettleFate {
    /// The hook is done.
    Done,
    /// It waits again.
    Again,
    /// It failed for good.
    Failed,
}

/// A step of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The next hook comes to a receiver.
    Arrive(usize),
    /// A hook that came before comes to a receiver once more.
    Repeat(usize, HookId),
    /// The receiver puts its hook.
    Put(usize, Fate),
    /// The receiver writes its hook to its spool.
    Spool(usize, Fate),
    /// The receiver answers.
    Answer(usize),
    /// The receiver reads the oldest hook of its spool.
    Read(usize),
    /// The receiver puts the oldest hook of its spool.
    Merge(usize, Fate),
    /// The receiver removes from its spool what it has put.
    Forget(usize),
    /// A receiver crashes and begins anew.
    CrashReceiver(usize),
    /// A worker begins an attempt at an entry.
    Claim(usize, usize),
    /// An attempt begins, and its worker does not learn of it.
    LoseClaim(usize),
    /// A worker handles its hook.
    Handle(usize, SettleFate),
    /// A worker settles.
    Settle(usize, Fate),
    /// A worker cannot read its hook: the attempt does not count.
    PutBack(usize),
    /// A worker crashes and begins anew.
    CrashWorker(usize),
    /// A transaction whose answer was lost is committed.
    Commit(usize),
    /// Or is not.
    Abort(usize),
    /// An erasure begins.
    BeginErasure,
    /// Its next step.
    Erase,
    /// It crashes.
    CrashEraser,
    /// A person replays an entry.
    Replay(usize),
}
