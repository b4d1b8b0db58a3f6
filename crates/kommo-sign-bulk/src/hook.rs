//! What is to be proven, and the verdicts.

use core::fmt;

use kommo_sign::{BodyForm, ParseSignatureError};

/// One hook of many, as it came.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it is made by the caller, field by field, and a hook has no other parts"
)]
pub struct ReceivedHook<'a> {
    /// The body, before any parsing.
    pub body: &'a [u8],
    /// The text of its `X-Signature`.
    pub signature: &'a str,
}

impl<'a> ReceivedHook<'a> {
    /// The bytes that a verdict on this hook proves: parse these, never the body that holds them.
    #[must_use]
    pub fn proven(&self, verdict: HookVerdict) -> Option<&'a [u8]> {
        let HookVerdict::Proven(form) = verdict else {
            return None;
        };
        let unsigned: &[u8] = match form {
            BodyForm::Raw => b"",
            BodyForm::WithoutLf => b"\n",
            BodyForm::WithoutCrlf => b"\r\n",
            _ => return None,
        };
        self.body.strip_suffix(unsigned)
    }
}

impl fmt::Debug for ReceivedHook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedHook")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The verdict on one hook of many: what `kommo_sign::ChatHookKey::verify` says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookVerdict {
    /// Genuine. The form says which bytes of the body are proven: [`ReceivedHook::proven`].
    Proven(BodyForm),
    /// The text is a signature of something else, or by another key. Says nothing more on purpose.
    Mismatch,
    /// The text is no signature at all.
    Malformed(ParseSignatureError),
}

impl HookVerdict {
    /// Whether the hook is genuine.
    #[must_use]
    pub const fn is_proven(self) -> bool {
        matches!(self, Self::Proven(_))
    }
}
