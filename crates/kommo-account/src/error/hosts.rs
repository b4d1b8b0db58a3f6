//! Why a text is not a host of the platform.

use core::fmt;

/// Why a text does not have the shape of a host under one of the three suffixes: rules A1 to A3 of
/// `docs/protocol.md`.
///
/// Offsets (`at`) are bytes from the start of the given text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostShapeError {
    /// `""`, `"https://"`: no host is there.
    Empty,
    /// More than 255 bytes.
    TooLong {
        /// Length of the given text in bytes.
        found: usize,
    },
    /// `"my shop.kommo.com"`, `"myshop.kommo.com@evil.example"`: a control character, a space, or
    /// one of `\ @ % # ?`.
    ForbiddenByte {
        /// Where it is.
        offset: usize,
    },
    /// `"mÿshop.kommo.com"`: a byte outside ASCII.
    NotAscii {
        /// Where it is.
        offset: usize,
    },
    /// `"http://myshop.kommo.com"`: a secret is never sent without TLS.
    PlainHttp,
    /// `"ftp://myshop.kommo.com"`, `"https://https://myshop.kommo.com"`: another scheme than one
    /// `https://`.
    Scheme {
        /// Where the colon of the scheme is.
        offset: usize,
    },
    /// `"myshop.kommo.com/leads"`, `"evil.example/.kommo.com"`: something follows the host.
    AfterHost {
        /// Where the first slash is.
        offset: usize,
    },
    /// `"myshop.kommo.com:8443"`, `"myshop.kommo.com:"`: a port that is not written `443`.
    Port {
        /// Where the colon is.
        offset: usize,
    },
    /// `"myshop.kommo.com."`.
    TrailingDot {
        /// Where the dot is.
        offset: usize,
    },
    /// `"kommo.com.evil.example"`, `"127.0.0.1"`: under none of `.kommo.com`, `.amocrm.ru`,
    /// `.amocrm.com`.
    Suffix,
    /// `"kommo.com"`, `".kommo.com"`: no label before the suffix.
    NoLabel,
    /// `"a.b.kommo.com"`: more than one label before the suffix.
    SeveralLabels {
        /// Where the first dot is.
        offset: usize,
    },
    /// A label of more than 63 bytes.
    LabelTooLong {
        /// Length of the label in bytes.
        found: usize,
    },
    /// `"my_shop.kommo.com"`: a character in the label that is not a letter, a digit or a hyphen.
    LabelCharacter {
        /// Where it is.
        offset: usize,
    },
    /// `"-a.kommo.com"`, `"a-.kommo.com"`: the label begins or ends with a hyphen.
    LabelHyphen {
        /// Where the hyphen is.
        offset: usize,
    },
    /// `"xn--80ak6aa92e.kommo.com"`: no account has such a label, and look-alikes are made of them.
    Punycode {
        /// Where the label begins.
        offset: usize,
    },
}

impl fmt::Display for HostShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("host is empty"),
            Self::TooLong {
                found: length_bytes,
            } => {
                write!(
                    f,
                    "host is {length_bytes} bytes long, at most 255 are allowed"
                )
            }
            Self::ForbiddenByte { offset: at } => write!(
                f,
                "byte {at} of the host is a control character, a space or one of \\ @ % # ?"
            ),
            Self::NotAscii { offset: at } => {
                write!(f, "byte {at} of the host is not ascii")
            }
            Self::PlainHttp => {
                f.write_str("host begins with the scheme http, only https is allowed")
            }
            Self::Scheme { offset: at } => {
                write!(
                    f,
                    "host has a scheme other than https, with its colon at byte {at}"
                )
            }
            Self::AfterHost { offset: at } => write!(f, "something follows the host at byte {at}"),
            Self::Port { offset: at } => write!(f, "host has a port other than 443 at byte {at}"),
            Self::TrailingDot { offset: at } => write!(f, "host ends with a dot at byte {at}"),
            Self::Suffix => f.write_str("host is not under kommo.com, amocrm.ru or amocrm.com"),
            Self::NoLabel => f.write_str("host has no label before its suffix"),
            Self::SeveralLabels { offset: at } => {
                write!(
                    f,
                    "host has more than one label before its suffix, the first ends at byte {at}"
                )
            }
            Self::LabelTooLong {
                found: length_bytes,
            } => {
                write!(
                    f,
                    "first label of the host is {length_bytes} bytes long, at most 63 are allowed"
                )
            }
            Self::LabelCharacter { offset: at } => {
                write!(
                    f,
                    "byte {at} of the host is not a letter, a digit or a hyphen"
                )
            }
            Self::LabelHyphen { offset: at } => {
                write!(
                    f,
                    "first label of the host begins or ends with a hyphen at byte {at}"
                )
            }
            Self::Punycode { offset: at } => write!(f, "host has an xn-- label at byte {at}"),
        }
    }
}

impl core::error::Error for HostShapeError {}

/// Why a text is no [`AccountHost`](crate::AccountHost).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseAccountHostError {
    /// The text is not a single label under one of the three suffixes.
    Shape(HostShapeError),
    /// `"www.kommo.com"`, `"amojo.amocrm.ru"`, `"api-a.amocrm.ru"`: the host belongs to the
    /// platform (rule A4).
    PlatformLabel {
        /// Where the label begins, in bytes.
        offset: usize,
    },
}

/// Why a text is no [`ApiDomain`](crate::ApiDomain).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseApiDomainError {
    /// The text is not a single label under one of the three suffixes.
    Shape(HostShapeError),
    /// `"myshop.kommo.com"`, `"api-ab.kommo.com"`: the label is not `api-` with one letter (rule
    /// A7).
    Label {
        /// Where the label begins, in bytes.
        offset: usize,
    },
}

/// Why a text is no [`ChatsHost`](crate::ChatsHost).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseChatsHostError {
    /// The text is not a single label under one of the three suffixes.
    Shape(HostShapeError),
    /// `"myshop.kommo.com"`: the label is not `amojo` (rule A5).
    Label {
        /// Where the label begins, in bytes.
        offset: usize,
    },
}

impl From<HostShapeError> for ParseAccountHostError {
    fn from(error: HostShapeError) -> Self {
        Self::Shape(error)
    }
}

impl From<HostShapeError> for ParseApiDomainError {
    fn from(error: HostShapeError) -> Self {
        Self::Shape(error)
    }
}

impl From<HostShapeError> for ParseChatsHostError {
    fn from(error: HostShapeError) -> Self {
        Self::Shape(error)
    }
}

/// A text is not `apichat.twt.com`: the only host of the chat Open API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseOpenApiHostError;

impl fmt::Display for ParseOpenApiHostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("host is not apichat.twt.com")
    }
}

// `Shape` shows its cause as its own text, so none of these has a `source()` that would say it
// twice.

impl fmt::Display for ParseAccountHostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(error) => error.fmt(f),
            Self::PlatformLabel { offset: at } => {
                write!(
                    f,
                    "host belongs to the platform, not to an account: see its label at byte {at}"
                )
            }
        }
    }
}

impl fmt::Display for ParseApiDomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(error) => error.fmt(f),
            Self::Label { offset: at } => {
                write!(f, "label at byte {at} is not api- with one letter")
            }
        }
    }
}

impl fmt::Display for ParseChatsHostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(error) => error.fmt(f),
            Self::Label { offset: at } => write!(f, "label at byte {at} is not amojo"),
        }
    }
}

impl core::error::Error for ParseAccountHostError {}
impl core::error::Error for ParseApiDomainError {}
impl core::error::Error for ParseChatsHostError {}
impl core::error::Error for ParseOpenApiHostError {}
