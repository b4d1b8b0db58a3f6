//! The verdict on a compact JWS: HMAC over `header.payload`, with an algorithm that the verifier
//! names and the token does not.
//!
//! This file cuts the token and checks the MAC. It decodes neither base64url nor JSON: the caller
//! brings the decoded signature, and reads header and payload after the verdict.

use core::{error, fmt};

use ctutils::{Choice, CtEq};
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};

use crate::error::SignatureMismatch;
use crate::mac;
use crate::secret::ClientSecret;

/// The algorithm that a verifier admits. Source: rules J1 to J3 of `docs/protocol.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwsAlgorithm {
    /// HMAC-SHA256, 32 bytes: widget tokens.
    Hs256,
    /// HMAC-SHA512, 64 bytes: bot tokens.
    Hs512,
}

impl JwsAlgorithm {
    /// The name that the header's `alg` must have.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs512 => "HS512",
        }
    }

    /// The length of the decoded signature, in bytes.
    #[must_use]
    pub const fn signature_bytes(&self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs512 => 64,
        }
    }
}

/// A token cut at its two dots: base64url texts, none of them decoded.
#[derive(Clone, Copy)]
pub struct CompactJws<'a> {
    signed_part: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> CompactJws<'a> {
    /// Cuts a token. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - `"a.b"` or `"a.b.c.d"`: [`ParseJwsError::Parts`].
    /// - `"a.b c.d"` or `"a.b=.c"`: [`ParseJwsError::Character`], a byte outside the base64url
    ///   alphabet, with its offset.
    pub fn parse(token: &'a str) -> Result<Self, ParseJwsError> {
        let admitted =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if let Some(offset) = token.as_bytes().iter().position(|byte| !admitted(byte)) {
            return Err(ParseJwsError::Character { offset });
        }
        let (signed_part, signature) = token.rsplit_once('.').ok_or(ParseJwsError::Parts)?;
        let (header, payload) = signed_part.split_once('.').ok_or(ParseJwsError::Parts)?;
        if payload.contains('.') {
            return Err(ParseJwsError::Parts);
        }
        Ok(Self {
            signed_part,
            header,
            payload,
            signature,
        })
    }

    /// `header.payload`: the bytes that the MAC covers.
    #[must_use]
    pub const fn signed_part(&self) -> &'a str {
        self.signed_part
    }

    /// The header, base64url.
    #[must_use]
    pub const fn header(&self) -> &'a str {
        self.header
    }

    /// The payload, base64url.
    #[must_use]
    pub const fn payload(&self) -> &'a str {
        self.payload
    }

    /// The signature, base64url; empty if the token has none.
    #[must_use]
    pub const fn signature(&self) -> &'a str {
        self.signature
    }
}

impl fmt::Debug for CompactJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompactJws(..)")
    }
}

/// A client secret with its key schedule done, for one algorithm.
#[derive(Clone)]
pub struct JwsKey {
    mac: KeyedMac,
}

#[derive(Clone)]
enum KeyedMac {
    Hs256(Hmac<Sha256>),
    Hs512(Hmac<Sha512>),
}

impl JwsKey {
    /// Does the key schedule of a secret for one algorithm.
    #[must_use]
    pub fn new(algorithm: JwsAlgorithm, secret: &ClientSecret) -> Self {
        let key = secret.expose_bytes();
        let mac = match algorithm {
            JwsAlgorithm::Hs256 => KeyedMac::Hs256(mac::keyed(key)),
            JwsAlgorithm::Hs512 => KeyedMac::Hs512(mac::keyed(key)),
        };
        Self { mac }
    }

    /// The algorithm of this key.
    #[must_use]
    pub const fn algorithm(&self) -> JwsAlgorithm {
        match self.mac {
            KeyedMac::Hs256(_) => JwsAlgorithm::Hs256,
            KeyedMac::Hs512(_) => JwsAlgorithm::Hs512,
        }
    }

    /// Signs header and payload, joined by their dot and encoded already: the signature's bytes, in
    /// `buffer`. Never panics, never allocates. For tests of a receiver: the platform signs what
    /// counts.
    pub fn sign<'b>(&self, signed_part: &str, buffer: &'b mut [u8; 64]) -> &'b [u8] {
        match &self.mac {
            KeyedMac::Hs256(mac) => written(mac, signed_part, buffer),
            KeyedMac::Hs512(mac) => written(mac, signed_part, buffer),
        }
    }

    /// The verdict on a token and its decoded signature. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - a signature of 0 or 31 bytes: [`JwsError::Length`].
    /// - another key, algorithm or part: [`JwsError::Mismatch`].
    pub fn verify(&self, token: &CompactJws<'_>, received: &[u8]) -> Result<(), JwsError> {
        let expected = self.algorithm().signature_bytes();
        if received.len() != expected {
            return Err(JwsError::Length {
                found: received.len(),
                expected,
            });
        }
        let same = match &self.mac {
            KeyedMac::Hs256(mac) => is_mac_of(mac, token.signed_part, received),
            KeyedMac::Hs512(mac) => is_mac_of(mac, token.signed_part, received),
        };
        if same.to_bool() {
            Ok(())
        } else {
            Err(JwsError::Mismatch(SignatureMismatch))
        }
    }
}

fn is_mac_of(mac: &(impl Mac + Clone), signed_part: &str, received: &[u8]) -> Choice {
    let computed = mac
        .clone()
        .chain_update(signed_part)
        .finalize()
        .into_bytes();
    computed.as_slice().ct_eq(received)
}

/// Both algorithms yield at most 64 bytes.
fn written<'b>(mac: &(impl Mac + Clone), signed_part: &str, buffer: &'b mut [u8; 64]) -> &'b [u8] {
    let computed = mac
        .clone()
        .chain_update(signed_part)
        .finalize()
        .into_bytes();
    let length = computed.len().min(buffer.len());
    for (to, from) in buffer.iter_mut().zip(&computed) {
        *to = *from;
    }
    buffer.get(..length).unwrap_or_default()
}

impl fmt::Debug for JwsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwsKey({}, ..)", self.algorithm().name())
    }
}

/// Why a text is not a compact JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseJwsError {
    /// Not three parts between two dots.
    Parts,
    /// A byte outside `A-Za-z0-9-_.`.
    Character {
        /// Where, in bytes from the start.
        offset: usize,
    },
}

impl fmt::Display for ParseJwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parts => f.write_str("token does not have three parts"),
            Self::Character { offset } => {
                write!(f, "byte {offset} of the token is not a base64url character")
            }
        }
    }
}

impl error::Error for ParseJwsError {}

/// Why a token is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwsError {
    /// The decoded signature has another length than the algorithm yields.
    Length {
        /// The length found, in bytes.
        found: usize,
        /// The length of the algorithm, in bytes.
        expected: usize,
    },
    /// The signature is another one.
    Mismatch(SignatureMismatch),
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found, expected } => {
                write!(
                    f,
                    "signature of the token has {found} bytes instead of {expected}"
                )
            }
            Self::Mismatch(_) => f.write_str("the token is not proven"),
        }
    }
}

impl error::Error for JwsError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Length { .. } => None,
            Self::Mismatch(cause) => Some(cause),
        }
    }
}
