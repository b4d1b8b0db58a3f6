//! Queries of URLs: percent-encoding, and picking known parameters out of what arrives.
//!
//! Source: rule G8 of `docs/protocol.md`.

use alloc::string::String;
use alloc::vec::Vec;
use core::{error, fmt};

use zeroize::Zeroizing;

/// The longest query that is read, in bytes.
pub const QUERY_MAX_BYTES: usize = 8 * 1024;
/// The most parameters that a query may have.
pub const QUERY_MAX_PARAMETERS: usize = 64;

/// Why a query cannot be read. Says no value, only a known name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// More than [`QUERY_MAX_BYTES`].
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
    /// More than [`QUERY_MAX_PARAMETERS`].
    TooManyParameters,
    /// A name, or the value of a known name, with a `%` that two hex digits do not follow, or that
    /// is not UTF-8.
    Encoding {
        /// Where the name or value begins, in bytes from the start of the query.
        offset: usize,
    },
    /// A known parameter is repeated, perhaps once in an encoded form.
    Duplicate {
        /// Its name.
        name: &'static str,
    },
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => {
                write!(f, "query has {found} bytes, more than {QUERY_MAX_BYTES}")
            }
            Self::TooManyParameters => {
                write!(f, "query has more than {QUERY_MAX_PARAMETERS} parameters")
            }
            Self::Encoding { offset } => {
                write!(
                    f,
                    "query has a broken percent-encoding in the text at byte {offset}"
                )
            }
            Self::Duplicate { name } => write!(f, "query has the parameter {name} twice"),
        }
    }
}

impl error::Error for QueryError {}

/// The known parameters of a query, decoded. Others are left alone: a Redirect URI may have its
/// own.
pub(crate) struct KnownParameters {
    found: Vec<(&'static str, Zeroizing<String>)>,
}

impl KnownParameters {
    /// Reads a query, with or without its `?`. A name without a `=` has an empty value.
    pub(crate) fn read(query: &str, known: &[&'static str]) -> Result<Self, QueryError> {
        if query.len() > QUERY_MAX_BYTES {
            return Err(QueryError::TooLong { found: query.len() });
        }
        let text = query.strip_prefix('?').unwrap_or(query);
        let mut offset = query.len() - text.len();
        let mut found: Vec<(&'static str, Zeroizing<String>)> = Vec::new();
        for (count, pair) in text.split('&').enumerate() {
            if count == QUERY_MAX_PARAMETERS {
                return Err(QueryError::TooManyParameters);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = decode(name).ok_or(QueryError::Encoding { offset })?;
            if let Some(name_of_ours) = known.iter().find(|known| **known == decoded.as_str()) {
                let at = offset + name.len() + 1;
                let value = decode(value).ok_or(QueryError::Encoding { offset: at })?;
                if found.iter().any(|(name, _)| name == name_of_ours) {
                    return Err(QueryError::Duplicate { name: name_of_ours });
                }
                found.push((name_of_ours, value));
            }
            offset += pair.len() + 1;
        }
        Ok(Self { found })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.found.iter();
        let (_, value) = found.find(|(known, _)| *known == name)?;
        Some(value)
    }
}

/// Each `%` with two hex digits becomes a byte, each `+` a space, once. `None` for a broken escape
/// or what is not UTF-8.
fn decode(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
                bytes.push(u8::try_from(high? * 16 + low?).ok()?);
            }
            other => bytes.push(*other),
        }
    }
    let text = core::str::from_utf8(&bytes).ok()?;
    Some(Zeroizing::new(text.into()))
}

/// Appends `name=value`, with a `?` or `&` before it; all but RFC 3986's unreserved characters are
/// encoded in the value. `name` is written as it is.
pub(crate) fn push_parameter(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(name);
    url.push('=');
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            url.push('%');
            url.push(hex_digit(byte >> 4));
            url.push(hex_digit(byte & 15));
        }
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16)
        .unwrap_or_default()
        .to_ascii_uppercase()
}
