//! Errors that more than one verifier shares. Malformed and mismatched are different things: the
//! first says what and where, the second says nothing, so that it does not help an attacker.

use core::{error, fmt};

use crate::signature::ParseSignatureError;

/// The signature is well formed and is not the right one. Says nothing more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureMismatch;

impl fmt::Display for SignatureMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not match")
    }
}

impl error::Error for SignatureMismatch {}

/// Why a body was not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The text is not a signature at all.
    Malformed(ParseSignatureError),
    /// The text is a signature of something else, or by another key.
    Mismatch(SignatureMismatch),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(_) => f.write_str("the received text is not a signature"),
            Self::Mismatch(_) => f.write_str("the body is not proven"),
        }
    }
}

impl error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Malformed(cause) => Some(cause),
            Self::Mismatch(cause) => Some(cause),
        }
    }
}

impl From<ParseSignatureError> for VerifyError {
    fn from(cause: ParseSignatureError) -> Self {
        Self::Malformed(cause)
    }
}

impl From<SignatureMismatch> for VerifyError {
    fn from(cause: SignatureMismatch) -> Self {
        Self::Mismatch(cause)
    }
}
