//! Why something that arrived is not proven: one type for all verifiers, each reason with a stable
//! code.

use core::{error, fmt};

use kommo_sign::RingRefusal;
use kommo_sign::{DisconnectError, ParseDisconnectQueryError, ParseSignatureError, VerifyError};

/// How to answer: each kind has one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// It cannot be read at all.
    Malformed,
    /// It can be read, but is not proven, or is for another receiver or another time.
    NotProven,
    /// It is longer than the verifier reads.
    TooLarge,
}

impl RefusalKind {
    /// The HTTP status that says this and no more: 400, 401 or 413.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::NotProven => 401,
            Self::TooLarge => 413,
        }
    }
}

/// Why something that arrived was refused.
///
/// It never holds the right signature, a secret or the bytes that came. To the sender say no more
/// than [`kind`](Self::kind); log [`code`](Self::code), which is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The signature header did not come.
    SignatureMissing,
    /// The signature header came more than once.
    SignatureRepeated,
    /// The signature is not text of the right length and alphabet.
    SignatureMalformed(ParseSignatureError),
    /// The signature header has a byte outside ASCII.
    SignatureNotAscii,
    /// The signature does not match. On purpose, nothing more is said.
    NotProven,
    /// No key is valid now: the ring is empty, or every key has ended.
    NoLiveKey,
    /// The query of a disconnect hook cannot be read: a parameter is missing, repeated or
    /// malformed.
    QueryMalformed(ParseDisconnectQueryError),
    /// The disconnect hook came with two parameters and without a signature, as one page of the
    /// vendor describes it.
    Unsigned,
    /// The hook or token is for another integration.
    OtherClient,
    /// The account in the body is not the account of the scope id in the URL.
    OtherAccount,
    /// The channel of the scope id in the URL is not the channel of this verifier.
    OtherChannel,
    /// The scope id in the URL cannot be read.
    ScopeMalformed,
    /// The signed bytes are proven and are not the JSON that the verifier must read.
    BodyMalformed,
    /// The signed time is too long ago.
    Stale {
        /// The age in seconds.
        age_seconds: u64,
    },
    /// The signed time is ahead of our clock.
    FromTheFuture {
        /// How far, in seconds.
        ahead_seconds: u64,
    },
    /// The token is longer than any that the platform makes.
    TokenTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The token does not have three base64url parts.
    TokenMalformed,
    /// The token is proven, and its header names another algorithm than the verifier, or demands an
    /// extension.
    Algorithm,
    /// A claim is missing or has the wrong form.
    ClaimsMalformed,
    /// `iss` is not the address of an account, or not of the account that was expected.
    OtherIssuer,
    /// `aud` names another receiver.
    OtherAudience,
    /// The token has expired.
    Expired {
        /// How long ago, in seconds.
        ago_seconds: u64,
    },
    /// The token is not valid yet.
    NotYetValid {
        /// In how many seconds it becomes valid.
        in_seconds: u64,
    },
    /// The token is valid for longer than the verifier admits, or ends before it begins.
    Lifetime,
}

impl Refusal {
    /// The stable code, for logs and for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SignatureMissing => "signature-missing",
            Self::SignatureRepeated => "signature-repeated",
            Self::SignatureMalformed(_) | Self::SignatureNotAscii => "signature-malformed",
            Self::NotProven => "not-proven",
            Self::NoLiveKey => "no-live-key",
            Self::QueryMalformed(_) => "query-malformed",
            Self::Unsigned => "unsigned",
            Self::OtherClient => "other-client",
            Self::OtherAccount => "other-account",
            Self::OtherChannel => "other-channel",
            Self::ScopeMalformed => "scope-malformed",
            Self::BodyMalformed => "body-malformed",
            Self::Stale { .. } => "stale",
            Self::FromTheFuture { .. } => "from-the-future",
            Self::TokenTooLong { .. } => "token-too-long",
            Self::TokenMalformed => "token-malformed",
            Self::Algorithm => "algorithm",
            Self::ClaimsMalformed => "claims-malformed",
            Self::OtherIssuer => "other-issuer",
            Self::OtherAudience => "other-audience",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Lifetime => "lifetime",
        }
    }

    /// What to answer.
    #[must_use]
    pub const fn kind(&self) -> RefusalKind {
        match self {
            Self::SignatureMalformed(_)
            | Self::SignatureNotAscii
            | Self::SignatureRepeated
            | Self::QueryMalformed(_)
            | Self::ScopeMalformed
            | Self::BodyMalformed
            | Self::TokenMalformed
            | Self::ClaimsMalformed => RefusalKind::Malformed,
            Self::TokenTooLong { .. } => RefusalKind::TooLarge,
            _ => RefusalKind::NotProven,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignatureMissing => f.write_str("the signature header is missing"),
            Self::SignatureRepeated => f.write_str("the signature header came more than once"),
            Self::SignatureMalformed(_) => f.write_str("the signature header is malformed"),
            Self::SignatureNotAscii => f.write_str("the signature header has a byte outside ascii"),
            Self::NotProven => f.write_str("the signature does not match"),
            Self::NoLiveKey => f.write_str("no key is valid at this time"),
            Self::QueryMalformed(_) => f.write_str("the query is not a valid disconnect hook"),
            Self::Unsigned => f.write_str("the disconnect hook has no signature"),
            Self::OtherClient => f.write_str("the hook or token is for another integration"),
            Self::OtherAccount => f.write_str("the body names another account than the url"),
            Self::OtherChannel => f.write_str("the scope id in the url names another channel"),
            Self::ScopeMalformed => f.write_str("the scope id in the url is malformed"),
            Self::BodyMalformed => f.write_str("the signed body is not the expected json"),
            Self::Stale { age_seconds } => {
                write!(
                    f,
                    "the signed time is {age_seconds} s ago, which is too old"
                )
            }
            Self::FromTheFuture { ahead_seconds } => {
                write!(
                    f,
                    "the signed time is {ahead_seconds} s ahead of this clock"
                )
            }
            Self::TokenTooLong { bytes } => write!(f, "a token of {bytes} bytes is too long"),
            Self::TokenMalformed => f.write_str("the token does not have three base64url parts"),
            Self::Algorithm => f.write_str("the header of the token names another algorithm"),
            Self::ClaimsMalformed => f.write_str("a claim of the token is missing or malformed"),
            Self::OtherIssuer => f.write_str("the token was issued by another account"),
            Self::OtherAudience => f.write_str("the token is for another receiver"),
            Self::Expired { ago_seconds } => write!(f, "the token expired {ago_seconds} s ago"),
            Self::NotYetValid { in_seconds } => {
                write!(f, "the token is not valid for another {in_seconds} s")
            }
            Self::Lifetime => {
                f.write_str("the token is valid for too long, or ends before it begins")
            }
        }
    }
}

impl error::Error for Refusal {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::SignatureMalformed(cause) => Some(cause),
            Self::QueryMalformed(cause) => Some(cause),
            _ => None,
        }
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Malformed(cause) => Self::SignatureMalformed(cause),
            _ => Self::NotProven,
        }
    }
}

impl From<DisconnectError> for Refusal {
    fn from(error: DisconnectError) -> Self {
        match error {
            DisconnectError::Malformed(cause) => Self::QueryMalformed(cause),
            DisconnectError::OtherClient => Self::OtherClient,
            _ => Self::NotProven,
        }
    }
}

impl<E: Into<Self>> From<RingRefusal<E>> for Refusal {
    fn from(refusal: RingRefusal<E>) -> Self {
        match refusal {
            RingRefusal::Refused(error) => error.into(),
            _ => Self::NoLiveKey,
        }
    }
}
