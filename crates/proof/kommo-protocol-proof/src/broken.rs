//! What a step may break.

/// A rule that a step broke. Some are seen at the step itself, and stay noted in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// I4: a token was handed out that no confirmed record held.
    HandedOutUnsaved,
    /// I5: a refresh token was sent a second time, and not as the declared retry of a recorded
    /// doubt.
    UndeclaredRetry,
    /// I5: something was sent, or an attempt was written down, by a run that the store did not
    /// grant the lock, or that has dropped it.
    ActedWithoutLock,
    /// I5: the same by a run that was granted the lock while another live run holds it.
    ActedBesideHolder,
    /// Something was sent by a process that had read that it is not to send for a while.
    SentWhileStopped,
    /// A record came back that was erased.
    ErasedCameBack,
    /// I5: something was sent that the store does not know of.
    SentUnrecorded,
    /// I6: a pair that was received and that the platform honours is held nowhere any more.
    PairThrownAway,
    /// Something was sent by a run that had made no room for the answer in its lifeboat.
    SentWithoutRoom,
    /// A new consent is asked for while a worker that is within its request limit has, or is about
    /// to get, a pair that the platform honours.
    LivingPairOnItsWay,
    /// The generation of the stored record went back.
    GenerationWentBack,
    /// A pair is marked as refused, or a new consent is asked for, although the platform honours
    /// it.
    LivingPairCalledDead,
    /// The protocol asked for a step and then refused to hear of it.
    UnexpectedReport,
    /// Without any fault more, the grant does not come to `Active` or `ReauthRequired`.
    NoEnd,
    /// Without any fault more, a pair that the store or a lifeboat knows and the platform honours
    /// is not found.
    LivingPairNotFound,
}
