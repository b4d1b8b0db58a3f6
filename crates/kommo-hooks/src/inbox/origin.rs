//! How a hook came: with a proof, or without one.

use crate::verified::Proof;

/// The kinds of what arrives without a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnsignedKind {
    /// A webhook of the CRM or of the Digital Pipeline.
    Crm,
    /// The request of a bot, around its token.
    Bot,
}

impl UnsignedKind {
    /// The stable name, for logs and for stores. No [`HookKind`](crate::HookKind) has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crm => "unsigned-crm",
            Self::Bot => "unsigned-bot",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Crm, Self::Bot]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// How a hook came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookOrigin {
    /// A verifier proved it.
    Proven(Proof),
    /// It has no proof.
    Unsigned(UnsignedKind),
}

impl HookOrigin {
    /// The stable name of the kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proven(proof) => proof.kind.name(),
            Self::Unsigned(kind) => kind.name(),
        }
    }
}
