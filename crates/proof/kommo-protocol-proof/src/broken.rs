//! The rules that a step may break.

/// A rule that a step broke. Some are detected at the step itself, and stay recorded in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// I4: a token was handed out that no confirmed record held.
    HandedOutUnsaved,
    /// I5: a refresh token was sent a second time, and not as the declared retry of a recorded
    /// doubt.
    UndeclaredRetry,
    /// I5: a request was sent, or an attempt recorded, by a run that the store did not grant the
    /// lock, or that has dropped it.
    ActedWithoutLock,
    /// I5: the same by a run that was granted the lock while another live run holds it.
    ActedBesideHolder,
    /// A request was sent by a process that had read that it must pause.
    SentWhileStopped,
    /// An erased record came back.
    ErasedCameBack,
    /// I5: a request was sent that the store has no record of.
    SentUnrecorded,
    /// I6: a pair that was received and that the platform honours is no longer held anywhere.
    PairThrownAway,
    /// A request was sent by a run that had reserved no room for the answer in its lifeboat.
    SentWithoutRoom,
    /// A new consent is asked for while a worker that is within its request limit has, or is about
    /// to get, a pair that the platform honours.
    LivingPairOnItsWay,
    /// The generation of the stored record went back.
    GenerationWentBack,
    /// A pair is marked as refused, or a new consent is asked for, although the platform honours
    /// it.
    LivingPairCalledDead,
    /// The protocol asked for a step and then refused its report.
    UnexpectedReport,
    /// Without further faults, the grant does not reach `Active` or `ReauthRequired`.
    NoEnd,
    /// Without further faults, a pair that the store or a lifeboat has and the platform honours is
    /// not found.
    LivingPairNotFound,
}
