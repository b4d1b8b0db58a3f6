//! The query of a disconnect hook, as text: `account_id=…&client_uuid=…&signature=…`, among
//! whatever the hook's own URL has.
//!
//! Names and values are taken literally. None of the three values needs an escape, so an escaped
//! one is malformed; a parameter whose name is escaped, or written as `account_id[]`, is another
//! parameter and is ignored. So an application uses the account that this file returns, and never
//! reads the query a second time with another parser.
//!
//! The hook's own URL may have a query too. It must not use the four names: such a hook is refused
//! as doubled.

use core::num::NonZeroU64;
use core::{error, fmt};

use crate::signature::{DisconnectSignature, ParseSignatureError};

/// The most digits of an account id, leading zeros included. Source: rule X2 of `docs/protocol.md`.
const ACCOUNT_ID_MAX_DIGITS: usize = 20;

/// What a disconnect hook says, before anything of it is proven.
#[derive(Debug, Clone, Copy)]
pub struct DisconnectQuery<'a> {
    client_id: &'a str,
    account_id: NonZeroU64,
    signature: DisconnectSignature,
}

impl<'a> DisconnectQuery<'a> {
    /// Reads a query, with or without the leading `?`. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - `"account_id=1"`: [`ParseDisconnectQueryError::Missing`] of the client id.
    /// - `"account_id=1&account_id=2&…"`: [`ParseDisconnectQueryError::Repeated`], with the offset
    ///   of the second.
    /// - `account_id` is `0`, `-1`, `1x`, has 21 digits or is above 2⁶⁴ − 1:
    ///   [`ParseDisconnectQueryError::AccountId`].
    /// - `client_uuid` and `client_id` that differ: [`ParseDisconnectQueryError::ClientIdsDiffer`].
    /// - a signature that is not 64 hex digits: [`ParseDisconnectQueryError::Signature`].
    pub fn parse(query: &'a str) -> Result<Self, ParseDisconnectQueryError> {
        let [account_id, client_uuid, client_id, signature] = find_parameters(query)?;
        let missing = |parameter| ParseDisconnectQueryError::Missing { parameter };
        let client = match (client_uuid, client_id) {
            (Some(uuid), Some(id)) if uuid.text != id.text => {
                return Err(ParseDisconnectQueryError::ClientIdsDiffer { offset: id.offset });
            }
            (uuid, id) => uuid
                .or(id)
                .ok_or(missing(DisconnectParameter::ClientUuid))?,
        };
        let account = account_id.ok_or(missing(DisconnectParameter::AccountId))?;
        let received = signature.ok_or(missing(DisconnectParameter::Signature))?;
        Ok(Self {
            client_id: client.text,
            account_id: parse_account_id(account.text).ok_or(
                ParseDisconnectQueryError::AccountId {
                    offset: account.offset,
                },
            )?,
            signature: DisconnectSignature::parse_any_case(received.text).map_err(|cause| {
                ParseDisconnectQueryError::Signature {
                    offset: received.offset,
                    cause,
                }
            })?,
        })
    }

    /// The client id that came; ours enters the MAC (rule X3).
    #[must_use]
    pub const fn client_id(&self) -> &'a str {
        self.client_id
    }

    /// The account that came.
    #[must_use]
    pub const fn account_id(&self) -> NonZeroU64 {
        self.account_id
    }

    /// The signature that came, lowered.
    #[must_use]
    pub const fn signature(&self) -> &DisconnectSignature {
        &self.signature
    }
}

/// A value and where it begins, in bytes from the start of the query.
#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    offset: usize,
}

/// The values of the four parameters, in the order of [`DisconnectParameter::ALL`].
fn find_parameters(query: &str) -> Result<[Option<Value<'_>>; 4], ParseDisconnectQueryError> {
    let mut found = [None; 4];
    let mut offset = usize::from(query.starts_with('?'));
    for pair in query.get(offset..).unwrap_or_default().split('&') {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let mut slots = DisconnectParameter::ALL.iter().zip(found.iter_mut());
        if let Some((parameter, slot)) = slots.find(|(known, _)| known.name() == name) {
            if slot.is_some() {
                return Err(ParseDisconnectQueryError::Repeated {
                    parameter: *parameter,
                    offset,
                });
            }
            *slot = Some(Value {
                text,
                offset: offset + pair.len() - text.len(),
            });
        }
        offset += pair.len() + 1;
    }
    Ok(found)
}

/// Digits only, 1 to 20 of them, not zero.
fn parse_account_id(text: &str) -> Option<NonZeroU64> {
    let admitted =
        text.len() <= ACCOUNT_ID_MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if admitted { text.parse().ok() } else { None }
}

/// The parameters that a disconnect hook may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectParameter {
    /// `account_id`.
    AccountId,
    /// `client_uuid`.
    ClientUuid,
    /// `client_id`, the fallback for `client_uuid`.
    ClientId,
    /// `signature`.
    Signature,
}

impl DisconnectParameter {
    const ALL: [Self; 4] = [
        Self::AccountId,
        Self::ClientUuid,
        Self::ClientId,
        Self::Signature,
    ];

    /// The name in the query.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AccountId => "account_id",
            Self::ClientUuid => "client_uuid",
            Self::ClientId => "client_id",
            Self::Signature => "signature",
        }
    }
}

/// Why a query is not a disconnect hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseDisconnectQueryError {
    /// A parameter is not there.
    Missing {
        /// Which.
        parameter: DisconnectParameter,
    },
    /// A parameter is there twice.
    Repeated {
        /// Which.
        parameter: DisconnectParameter,
        /// Where the second one begins, in bytes from the start.
        offset: usize,
    },
    /// `account_id` is not a positive decimal number of at most 20 digits.
    AccountId {
        /// Where its value begins, in bytes from the start.
        offset: usize,
    },
    /// `client_uuid` and `client_id` are both there and differ.
    ClientIdsDiffer {
        /// Where the value of `client_id` begins, in bytes from the start.
        offset: usize,
    },
    /// `signature` is not 64 hex digits.
    Signature {
        /// Where its value begins, in bytes from the start.
        offset: usize,
        /// What is wrong with it; an offset in here counts from the start of the value.
        cause: ParseSignatureError,
    },
}

impl fmt::Display for ParseDisconnectQueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { parameter } => write!(f, "query has no {}", parameter.name()),
            Self::Repeated { parameter, offset } => {
                write!(
                    f,
                    "query has a second {} at byte {offset}",
                    parameter.name()
                )
            }
            Self::AccountId { offset } => {
                write!(
                    f,
                    "account_id at byte {offset} is not a positive number of at most 20 digits"
                )
            }
            Self::ClientIdsDiffer { offset } => {
                write!(f, "client_id at byte {offset} differs from client_uuid")
            }
            Self::Signature { offset, .. } => write!(f, "signature at byte {offset} is malformed"),
        }
    }
}

impl error::Error for ParseDisconnectQueryError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Signature { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
