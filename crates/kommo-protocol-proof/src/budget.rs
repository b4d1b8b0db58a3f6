//! How many bad things may happen in one behaviour of the model.

/// What is left of each kind. `faults` bounds their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Runs that may begin.
    pub runs: u32,
    /// All of the following together, except consents.
    pub faults: u32,
    /// A worker is gone, with everything that it had in memory.
    pub crashes: u32,
    /// A lock is lost while its holder goes on.
    pub lost_locks: u32,
    /// A request or an answer is lost, late, or a 5xx; a request that could not leave.
    pub network: u32,
    /// The store fails, before a write or after it.
    pub store: u32,
    /// A lifeboat cannot be read, written or removed.
    pub lifeboat: u32,
    /// Refusals that say nothing of the token: 429, 403, 404, 402.
    pub noise: u32,
    /// New consents of the user.
    pub consents: u32,
    /// Times that the account moves to another host.
    pub moves: u32,
}

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    Crash,
    LostLock,
    Network,
    Store,
    Lifeboat,
    Noise,
    Move,
}

impl Budget {
    /// Nothing bad happens any more, and nothing new begins.
    pub(crate) const NONE: Self = Self {
        runs: 0,
        faults: 0,
        crashes: 0,
        lost_locks: 0,
        network: 0,
        store: 0,
        lifeboat: 0,
        noise: 0,
        consents: 0,
        moves: 0,
    };

    /// No bound that a simulation could reach.
    pub(crate) const WITHOUT_END: Self = Self {
        runs: u32::MAX,
        faults: u32::MAX,
        crashes: u32::MAX,
        lost_locks: u32::MAX,
        network: u32::MAX,
        store: u32::MAX,
        lifeboat: u32::MAX,
        noise: u32::MAX,
        consents: u32::MAX,
        moves: u32::MAX,
    };

    const fn of(&mut self, fault: Fault) -> &mut u32 {
        match fault {
            Fault::Crash => &mut self.crashes,
            Fault::LostLock => &mut self.lost_locks,
            Fault::Network => &mut self.network,
            Fault::Store => &mut self.store,
            Fault::Lifeboat => &mut self.lifeboat,
            Fault::Noise => &mut self.noise,
            Fault::Move => &mut self.moves,
        }
    }

    /// Whether one more of this kind may happen.
    pub(crate) const fn has(mut self, fault: Fault) -> bool {
        self.faults > 0 && *self.of(fault) > 0
    }

    /// One less.
    pub(crate) const fn spend(&mut self, fault: Fault) {
        self.faults = self.faults.saturating_sub(1);
        let left = self.of(fault);
        *left = left.saturating_sub(1);
    }
}
