//! Why a grant has ended without a proof of death.

/// Why a grant has ended although the token endpoint has not proved its tokens dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// A disconnect hook, confirmed by a probe.
    Confirmed,
    /// The operator logged out.
    LoggedOut,
    /// The grant was moved to another store; it is in one store only.
    Exported,
}

impl DisconnectReason {
    /// The name that logs, metrics and the stored record use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::LoggedOut => "logged-out",
            Self::Exported => "exported",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Confirmed, Self::LoggedOut, Self::Exported]
            .into_iter()
            .find(|reason| reason.name() == name)
    }
}
