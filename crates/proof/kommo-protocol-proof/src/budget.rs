//! How many faults may happen in one behaviour of the model.

/// What is left of each kind. `faults` bounds their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Runs that may begin.
    pub runs: u32,
    /// All of the following together, except consents.
    pub faults: u32,
    /// A worker crashes, with everything that it had in memory.
    pub crashes: u32,
    /// A lock is lost while its holder continues.
    pub lost_locks: u32,
    /// A request or an answer is lost, late, or a 5xx; a request that could not leave.
    pub network: u32,
    /// The store fails, before a write or after it.
    pub store: u32,
    /// The store fails in a way that only a person can repair.
    pub person: u32,
    /// A lifeboat cannot be read, written or removed.
    pub lifeboat: u32,
    /// Refusals that do not concern the token: 429, 403, 404, 402.
    pub noise: u32,
    /// New consents of the user.
    pub consents: u32,
    /// Times that the account moves to another host.
    pub moves: u32,
    /// Processes that are stopped as a whole by the answer to another grant's request.
    pub stops: u32,
    /// Runs that leave their pair in the lifeboat. No fault: the program ends.
    pub leaves: u32,
    /// Erasures of the account. No fault.
    pub erasures: u32,
    /// Times that hours pass. No fault.
    pub ticks: u32,
}

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    Crash,
    LostLock,
    Network,
    Store,
    Person,
    Lifeboat,
    Noise,
    Move,
    Stop,
}

impl Budget {
    /// No more faults, and no new runs.
    pub(crate) const NONE: Self = Self {
        runs: 0,
        faults: 0,
        crashes: 0,
        lost_locks: 0,
        network: 0,
        store: 0,
        person: 0,
        lifeboat: 0,
        noise: 0,
        consents: 0,
        moves: 0,
        stops: 0,
        leaves: 0,
        erasures: 0,
        ticks: 0,
    };

    /// No bound that a simulation could reach.
    pub(crate) const WITHOUT_END: Self = Self {
        runs: u32::MAX,
        faults: u32::MAX,
        crashes: u32::MAX,
        lost_locks: u32::MAX,
        network: u32::MAX,
        store: u32::MAX,
        person: u32::MAX,
        lifeboat: u32::MAX,
        noise: u32::MAX,
        consents: u32::MAX,
        moves: u32::MAX,
        stops: u32::MAX,
        leaves: u32::MAX,
        erasures: u32::MAX,
        ticks: u32::MAX,
    };

    const fn of(&mut self, fault: Fault) -> &mut u32 {
        match fault {
            Fault::Crash => &mut self.crashes,
            Fault::LostLock => &mut self.lost_locks,
            Fault::Network => &mut self.network,
            Fault::Store => &mut self.store,
            Fault::Person => &mut self.person,
            Fault::Lifeboat => &mut self.lifeboat,
            Fault::Noise => &mut self.noise,
            Fault::Move => &mut self.moves,
            Fault::Stop => &mut self.stops,
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
