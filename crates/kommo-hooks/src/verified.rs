//! What was proven, and by which key. Only the verifiers of this crate make these values.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
#[cfg(feature = "alloc")]
use core::convert::Infallible;
use core::fmt;

use kommo_sign::KeyId;

/// The kinds of hook and token that can be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HookKind {
    /// A hook of the Chats API.
    Chat,
    /// A webhook of the Open API.
    OpenApi,
    /// The hook that reports a revoked access.
    Disconnect,
    /// The one-time token of a widget.
    WidgetToken,
    /// The token of a `widget_request` of a bot.
    BotToken,
}

impl HookKind {
    /// The stable name, for logs and for stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::OpenApi => "open-api",
            Self::Disconnect => "disconnect",
            Self::WidgetToken => "widget-token",
            Self::BotToken => "bot-token",
        }
    }

    /// The longest body that a receiver should read of this kind: 256 KiB, and 64 KiB for the
    /// requests of bots, whose token is in the body. That of a form without a proof is
    /// `unsigned::FormLimits::DEFAULT`.
    #[must_use]
    pub const fn body_max_bytes(self) -> usize {
        match self {
            Self::BotToken => 64 * 1024,
            _ => 256 * 1024,
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Chat,
            Self::OpenApi,
            Self::Disconnect,
            Self::WidgetToken,
            Self::BotToken,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// The verdict: which verifier, which key, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proof {
    /// The verifier.
    pub kind: HookKind,
    /// The id of the key that proved it.
    pub key_id: KeyId,
    /// When it was proven, Unix seconds.
    pub verified_at: u64,
}

/// A value that a verifier proved. It cannot be made in another way (invariant I9), nor changed.
///
/// `Verified<&[u8]>` holds exactly the bytes that the MAC covered: read these, never the body that
/// they came in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    proof: Proof,
}

impl<T> Verified<T> {
    pub(crate) const fn new(value: T, kind: HookKind, key_id: KeyId, verified_at: u64) -> Self {
        Self {
            value,
            proof: Proof {
                kind,
                key_id,
                verified_at,
            },
        }
    }

    /// The proven value.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// The verdict.
    #[must_use]
    pub const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The proven value without its verdict.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<'a> Verified<&'a [u8]> {
    /// Reads the proven bytes into a typed event, which stays verified.
    ///
    /// # Errors
    ///
    /// What the parser of the event returns.
    pub fn read<E: FromProven<'a>>(&self) -> Result<Verified<E>, E::Error> {
        Ok(Verified {
            value: E::from_proven(self.value)?,
            proof: self.proof,
        })
    }
}

/// Hides what was proven: a body is a person's message. The proof is shown.
impl<T> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}

/// A typed event that is read from proven bytes.
pub trait FromProven<'a>: Sized {
    /// Why the bytes are not such an event.
    type Error;

    /// Reads the bytes that a signature covered.
    ///
    /// # Errors
    ///
    /// The bytes are not such an event.
    fn from_proven(bytes: &'a [u8]) -> Result<Self, Self::Error>;
}

/// The proven bytes themselves, owned.
#[cfg(feature = "alloc")]
impl FromProven<'_> for Vec<u8> {
    type Error = Infallible;

    fn from_proven(bytes: &[u8]) -> Result<Self, Infallible> {
        Ok(bytes.to_vec())
    }
}
