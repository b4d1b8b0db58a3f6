//! How a hook came: with a proof of the whole, of its token alone, or without one.

use crate::verified::{HookKind, Proof};

/// The kinds of what arrives without a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnsignedKind {
    /// A webhook of the CRM or of the Digital Pipeline.
    Crm,
    /// The hook to a widget of the Digital Pipeline.
    PipelineWidget,
}

impl UnsignedKind {
    /// The stable name, for logs and for stores. No [`HookKind`](crate::HookKind) has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crm => "unsigned-crm",
            Self::PipelineWidget => "unsigned-pipeline-widget",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Crm, Self::PipelineWidget]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// How a hook came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookOrigin {
    /// A verifier proved all of its bytes.
    Proven(Proof),
    /// A verifier proved the token in it: who sent it, of which account, and when. **What stands
    /// around the token is not proven**: who has a token may send it with other data.
    TokenProven(Proof),
    /// It has no proof.
    Unsigned(UnsignedKind),
}

impl HookOrigin {
    /// The stable name of the kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proven(proof) | Self::TokenProven(proof) => proof.kind.name(),
            Self::Unsigned(kind) => kind.name(),
        }
    }

    /// The recorded verdict; `None` without one.
    #[must_use]
    pub const fn proof(&self) -> Option<&Proof> {
        match self {
            Self::Proven(proof) | Self::TokenProven(proof) => Some(proof),
            Self::Unsigned(_) => None,
        }
    }

    /// The origin that a recorded proof belongs to: a token proves itself and no more.
    pub(crate) const fn of_recorded(proof: Proof) -> Self {
        match proof.kind {
            HookKind::BotToken | HookKind::WidgetToken => Self::TokenProven(proof),
            HookKind::Chat | HookKind::OpenApi | HookKind::Disconnect => Self::Proven(proof),
        }
    }
}
