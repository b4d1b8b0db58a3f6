//! The rules that a step may break, and mistakes that break them.

/// A rule that a step broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Broken {
    /// A hook was answered 200 and is neither in the queue nor in a spool.
    Lost,
    /// A hook is done that no worker has handled.
    DoneUnhandled,
    /// A hook is two entries.
    Twice,
    /// An attempt was settled after another had begun.
    SettledTooLate,
    /// A hook was claimed before one of its conversation that its receiver had answered earlier had
    /// ended.
    OutOfOrder,
    /// Two entries of one conversation can be claimed.
    TwoHeads,
    /// A hook was claimed that its receiver had answered before an erasure of its account began,
    /// and the erasure was confirmed.
    ErasedHandedOver,
    /// Without further faults, a hook that was answered 200 is not handled.
    NoEnd,
}

/// A mistake that is built in, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mistake {
    /// 200 is answered before the hook is durable.
    AnswersFirst,
    /// A put whose outcome is unknown counts as stored.
    TrustsLostAnswers,
    /// The spool is not synced before the answer: a crash takes what was written since.
    DoesNotSync,
    /// A new hook goes to the database while older ones are in the spool.
    OvertakesSpool,
    /// The spool forgets a hook before the database has confirmed it.
    ForgetsFirst,
    /// The spool forgets, with what it has merged, what was spooled beside the merge.
    ForgetsAll,
    /// The spool is merged from its end.
    MergesBackwards,
    /// A settlement shows the lease that the entry has now, whoever's it is.
    SettlesUnfenced,
    /// All claims have one token, so that only the number of the attempt is compared.
    ComparesNumbersAlone,
    /// A worker settles before it has handled.
    SettlesFirst,
    /// Hooks have no conversation.
    HasNoOrder,
    /// Each repeat has a key of its own.
    HasNoKey,
    /// A merge puts what it has read, whatever became of the spool since.
    MergesWhatItRead,
    /// An erasure erases in the database before it does in the spools.
    ErasesDatabaseFirst,
    /// An erasure does not wait for transactions whose answers were lost.
    WaitsForNoWriter,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AnswersFirst,
        Self::TrustsLostAnswers,
        Self::DoesNotSync,
        Self::OvertakesSpool,
        Self::ForgetsFirst,
        Self::ForgetsAll,
        Self::MergesBackwards,
        Self::SettlesUnfenced,
        Self::ComparesNumbersAlone,
        Self::SettlesFirst,
        Self::HasNoOrder,
        Self::HasNoKey,
        Self::MergesWhatItRead,
        Self::ErasesDatabaseFirst,
        Self::WaitsForNoWriter,
    ];
}
