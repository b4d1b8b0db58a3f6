//! Reads single fields out of JSON of the platform, so that one field of a wrong type does not
//! affect the others.
//!
//! Texts are borrowed from the body where they can be: a token is not copied before it has its own,
//! wiped, place.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use kommo_peer::json_text;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::{Zeroize as _, Zeroizing};

/// The text of an answer, in the encoding of a parser. A copy is wiped on drop, since it may
/// contain tokens.
pub(crate) enum PeerText<'a> {
    Same(&'a [u8]),
    Copied(Zeroizing<Vec<u8>>),
}

impl<'a> PeerText<'a> {
    /// Whatever the encoding of an answer is. A record of our own is not read by this: one that is
    /// broken is not to be repaired.
    pub(crate) fn of(body: &'a [u8]) -> Self {
        match json_text(body) {
            Cow::Borrowed(text) => Self::Same(text),
            Cow::Owned(text) => Self::Copied(Zeroizing::new(text)),
        }
    }
}

impl Deref for PeerText<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Same(text) => text,
            Self::Copied(text) => text,
        }
    }
}

/// Parses a text that must be an object.
///
/// A derived struct would take a list too, field by field in order; so the first byte is checked.
pub(crate) fn parse_object<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, NotReadable> {
    match body.trim_ascii_start().first() {
        None => Err(NotReadable::Empty),
        Some(b'{') => serde_json::from_slice(body).map_err(|error| {
            if error.is_data() {
                NotReadable::Fields
            } else {
                NotReadable::NotJson
            }
        }),
        Some(_) => Err(NotReadable::NotJson),
    }
}

/// Why a body is not an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReadable {
    /// Empty, or only white space.
    Empty,
    /// No JSON object.
    NotJson,
    /// An object in which a known field is repeated.
    Fields,
}

/// A text; any other value counts as absent.
#[derive(Default)]
pub(crate) struct Text<'de>(pub(crate) Option<Cow<'de, str>>);

/// A text with escapes is a copy, and it may be a token.
impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Some(Cow::Owned(copy)) = &mut self.0 {
            copy.zeroize();
        }
    }
}

impl<'de> Text<'de> {
    /// For a text that is not a secret.
    fn into_inner(mut self) -> Option<Cow<'de, str>> {
        self.0.take()
    }

    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A whole number from 0, or the same in decimal digits as a text; any other value counts as
/// absent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Number(pub(crate) Option<u64>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyScalar)
            .map(|scalar| match scalar {
                Scalar::Text(text) => Self(Some(text)),
                Scalar::Number(_) | Scalar::Float(_) | Scalar::Many(_) | Scalar::Other => {
                    Self(None)
                }
            })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyScalar)
            .map(|scalar| match scalar {
                Scalar::Number(number) => Self(Some(number)),
                Scalar::Text(text) => Self(digits(&text)),
                Scalar::Float(_) | Scalar::Many(_) | Scalar::Other => Self(None),
            })
    }
}

/// Whole seconds from 0, also as a text or with a fraction, which is dropped; any other value
/// counts as absent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Time(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyScalar)
            .map(|scalar| match scalar {
                Scalar::Number(number) => Self(Some(number)),
                Scalar::Text(text) => Self(whole_part(&text)),
                Scalar::Float(number) => Self(whole_part(&format!("{number}"))),
                Scalar::Many(_) | Scalar::Other => Self(None),
            })
    }
}

/// The digits before a point.
fn whole_part(text: &str) -> Option<u64> {
    text.split('.').next().and_then(digits)
}

/// A text, or the texts of a list; any other value, there or in the list, counts as absent.
#[derive(Default)]
pub(crate) struct Texts<'de>(pub(crate) Vec<Cow<'de, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyScalar)
            .map(|scalar| match scalar {
                Scalar::Text(text) => Self(Vec::from([text])),
                Scalar::Many(texts) => Self(texts),
                Scalar::Number(_) | Scalar::Float(_) | Scalar::Other => Self(Vec::new()),
            })
    }
}

/// 1 to 20 decimal digits. `u64::from_str` alone would take a sign.
pub(crate) fn digits(text: &str) -> Option<u64> {
    if text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

enum Scalar<'de> {
    Text(Cow<'de, str>),
    Number(u64),
    Float(f64),
    /// The texts of a list.
    Many(Vec<Cow<'de, str>>),
    Other,
}

struct AnyScalar;

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.into())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = items.next_element::<Text<'de>>()? {
            texts.extend(item.into_inner());
        }
        Ok(Scalar::Many(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}
