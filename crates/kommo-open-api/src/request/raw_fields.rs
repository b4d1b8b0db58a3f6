//! Fields as a caller wrote them, for calls that have no type here.

use alloc::vec::Vec;
use core::{error, fmt};

use serde_json::Value;

use crate::stamp::Stamp;

/// The fields of a request without `appid`, `timestamp` and `ranstr`, as JSON text. What is written
/// there is sent to the byte, after a new stamp in front of it.
///
/// # Examples
///
/// ```
/// use kommo_open_api::request::RawFields;
/// use kommo_open_api::{AppId, Stamp};
///
/// let stamp = Stamp::of_random(AppId::new("app")?, 1_767_772_879, 1);
/// let fields = RawFields::new(br#"{ "chat_id": 1841 }"#)?;
/// assert_eq!(
///     fields.to_body(&stamp),
///     br#"{"appid":"app","timestamp":1767772879,"ranstr":"0000000000000001", "chat_id": 1841 }"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawFields {
    /// What follows the opening brace.
    after_brace: Vec<u8>,
    is_empty: bool,
}

/// Why a text is not the fields of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawFieldsError {
    /// It is not a JSON object.
    NotAnObject,
    /// It has the field of a stamp, so it is a whole body already.
    Stamped {
        /// Which one.
        field: &'static str,
    },
}

impl RawFields {
    /// Takes a JSON object.
    ///
    /// # Errors
    ///
    /// `"[]"`, `""`: [`RawFieldsError::NotAnObject`]; `{"ranstr":"x"}`:
    /// [`RawFieldsError::Stamped`].
    pub fn new(text: &[u8]) -> Result<Self, RawFieldsError> {
        let value: Value = serde_json::from_slice(text).map_err(|_| RawFieldsError::NotAnObject)?;
        let fields = value.as_object().ok_or(RawFieldsError::NotAnObject)?;
        for field in ["appid", "timestamp", "ranstr"] {
            if fields.contains_key(field) {
                return Err(RawFieldsError::Stamped { field });
            }
        }
        let after_brace = text.trim_ascii_start().get(1..).unwrap_or_default();
        Ok(Self {
            after_brace: after_brace.to_vec(),
            is_empty: fields.is_empty(),
        })
    }

    /// The body with a stamp in front.
    #[must_use]
    pub fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        let mut body = stamp.begin().finish();
        // The closing brace is that of the fields.
        body.pop();
        if !self.is_empty {
            body.push(b',');
        }
        body.extend_from_slice(&self.after_brace);
        body
    }
}

/// What people write stays out of logs.
impl fmt::Debug for RawFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawFields({} bytes)", self.after_brace.len() + 1)
    }
}

impl fmt::Display for RawFieldsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("fields are not a json object"),
            Self::Stamped { field } => write!(f, "fields have {field} already"),
        }
    }
}

impl error::Error for RawFieldsError {}
