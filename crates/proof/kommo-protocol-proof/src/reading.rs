//! The readings of the vendor's pages: nobody outside knows which one is true.

/// When an old refresh token dies after it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// At once. Source: amoCRM page "OAuth".
    Strict,
    /// When the refresh token of a pair that it brought is used. Source: Kommo page "OAuth", first
    /// reading.
    UntilRefreshUsed,
    /// When a token of a pair that it brought is used, the access token too. Source: the same page,
    /// second reading.
    UntilAccessUsed,
}

/// What a second answer to the same refresh token does to the pair of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Siblings {
    /// Nothing.
    BothLive,
    /// It kills it.
    NewerKillsOlder,
}

/// One way in which the platform may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// When an old refresh token dies.
    pub rotation: Rotation,
    /// What becomes of siblings.
    pub siblings: Siblings,
}

impl Reading {
    /// All of them. Under the strict one a token has one answer, so it has no siblings.
    pub const ALL: [Self; 5] = [
        Self::new(Rotation::Strict, Siblings::BothLive),
        Self::new(Rotation::UntilRefreshUsed, Siblings::BothLive),
        Self::new(Rotation::UntilRefreshUsed, Siblings::NewerKillsOlder),
        Self::new(Rotation::UntilAccessUsed, Siblings::BothLive),
        Self::new(Rotation::UntilAccessUsed, Siblings::NewerKillsOlder),
    ];

    /// A reading.
    #[must_use]
    pub const fn new(rotation: Rotation, siblings: Siblings) -> Self {
        Self { rotation, siblings }
    }
}
