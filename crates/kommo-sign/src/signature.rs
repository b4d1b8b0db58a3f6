//! The signatures, one type each, so that none is taken for another.
//!
//! None of them shows itself in `Debug`, and none has `Display`: a signature that we computed lets
//! its reader send a request or forge a hook. Comparison is in constant time and only where a
//! verdict is given.

use core::{error, fmt};

use ctutils::CtEq;

use crate::ascii_text::AsciiText;
use crate::hex::{self, DecodeError, HexCase};

/// Why a text is not a signature. The offset is in bytes from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseSignatureError {
    /// Too short or too long; base64 ends here too.
    Length {
        /// The length found, in bytes.
        found: usize,
        /// The length a signature of this kind has, in bytes.
        expected: usize,
    },
    /// A byte outside `0-9a-f`.
    NotLowerHex {
        /// Where.
        offset: usize,
    },
    /// A byte outside `0-9a-fA-F`.
    NotHex {
        /// Where.
        offset: usize,
    },
}

impl fmt::Display for ParseSignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found, expected } => {
                write!(f, "signature has {found} bytes instead of {expected}")
            }
            Self::NotLowerHex { offset } => {
                write!(
                    f,
                    "byte {offset} of the signature is not a lower-case hex digit"
                )
            }
            Self::NotHex { offset } => {
                write!(f, "byte {offset} of the signature is not a hex digit")
            }
        }
    }
}

impl error::Error for ParseSignatureError {}

/// The bytes of a received text, for a verdict that has no use for its digits.
#[inline]
pub(crate) fn parse<const BYTES: usize>(
    text: &str,
    case: HexCase,
) -> Result<[u8; BYTES], ParseSignatureError> {
    hex::decode(text.as_bytes(), case).map_err(|error| match error {
        DecodeError::Length { found } => ParseSignatureError::Length {
            found,
            expected: 2 * BYTES,
        },
        DecodeError::Digit { offset } if case == HexCase::LowerOnly => {
            ParseSignatureError::NotLowerHex { offset }
        }
        DecodeError::Digit { offset } => ParseSignatureError::NotHex { offset },
    })
}

macro_rules! signature {
    ($(#[$docs:meta])* $name:ident, $bytes:literal bytes, $digits:literal digits) => {
        $(#[$docs])*
        ///
        /// `Debug` shows none of it; no `Display`, no `PartialEq`: see [`matches`](Self::matches).
        #[derive(Clone, Copy)]
        pub struct $name {
            bytes: [u8; $bytes],
            text: AsciiText<$digits>,
        }

        impl $name {
            pub(crate) fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self { bytes, text: hex::encode_lower(&bytes) }
            }

            #[doc = concat!("Parses ", stringify!($digits), " bytes of `0-9a-f`. Never panics, never allocates.")]
            ///
            /// # Errors
            ///
            /// - `"ab12"`: [`ParseSignatureError::Length`].
            /// - the right length, one byte `g` or `A`: [`ParseSignatureError::NotLowerHex`], with
            ///   its offset.
            pub fn parse(text: &str) -> Result<Self, ParseSignatureError> {
                parse(text, HexCase::LowerOnly).map(Self::from_bytes)
            }

            /// Parses as [`parse`](Self::parse) does, and lowers upper-case digits first.
            ///
            /// # Errors
            ///
            /// - `"ab12"`: [`ParseSignatureError::Length`].
            /// - the right length, one byte `g`: [`ParseSignatureError::NotHex`], with its offset.
            pub fn parse_any_case(text: &str) -> Result<Self, ParseSignatureError> {
                parse(text, HexCase::Either).map(Self::from_bytes)
            }

            #[doc = concat!("The ", stringify!($digits), " lower-case hex digits, to be sent.")]
            ///
            /// # Security
            ///
            /// A signature that we computed must not reach a log: its reader could use it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.text.as_str()
            }

            /// Whether both are the same, in time that does not depend on where they differ.
            #[must_use]
            pub fn matches(&self, other: &Self) -> bool {
                self.bytes.ct_eq(&other.bytes).to_bool()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

signature! {
    /// `X-Signature` of a Chats API request or of a chat hook: HMAC-SHA1. Source: rules S7 and H3
    /// of `docs/protocol.md`.
    Signature, 20 bytes, 40 digits
}

signature! {
    /// `signature` of a disconnect hook: HMAC-SHA256. Source: rules X1 and X5 of
    /// `docs/protocol.md`.
    DisconnectSignature, 32 bytes, 64 digits
}

signature! {
    /// `x-chat-signature` of an Open API request or webhook: HMAC-SHA256. Source: rules O1 and O2
    /// of `docs/protocol.md`.
    OpenApiSignature, 32 bytes, 64 digits
}

signature! {
    /// `sbs_mm` of a visitor: MD5 twice. Source: rule V1 of `docs/protocol.md`.
    VisitorSignature, 16 bytes, 32 digits
}
