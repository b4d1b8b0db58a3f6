//! Values of claims in every form that was seen: times as whole or fractional numbers, ids as
//! numbers or as decimal text.
//!
//! Source: rules J5, J6 and J10 of `docs/protocol.md`.

use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Seconds since 1970; live bot tokens carry fractions, which are dropped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(SecondsVisitor)
    }
}

struct SecondsVisitor;

/// The first second of the year 10000. Times from then on are rejected.
const TIME_END: f64 = 253_402_300_800.0;

impl Visitor<'_> for SecondsVisitor {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(Seconds(seconds))
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be between 0 and 253402300800"
    )]
    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Self::Value, E> {
        if (0.0..TIME_END).contains(&seconds) {
            Ok(Seconds(seconds as u64))
        } else {
            Err(E::invalid_value(Unexpected::Float(seconds), &self))
        }
    }
}

/// A number, or its decimal digits as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or its digits")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(Number(number)),
            _ => Err(E::custom("not the digits of a number")),
        }
    }
}

/// A number or a word.
#[derive(Debug, Clone)]
pub(crate) enum NumberOrWord {
    Number(u64),
    Word(String),
}

impl<'de> Deserialize<'de> for NumberOrWord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NumberOrWordVisitor)
    }
}

struct NumberOrWordVisitor;

impl Visitor<'_> for NumberOrWordVisitor {
    type Value = NumberOrWord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a word")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(NumberOrWord::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(NumberVisitor.visit_str::<E>(text).map_or_else(
            |_| NumberOrWord::Word(text.into()),
            |it| NumberOrWord::Number(it.0),
        ))
    }
}

/// The claims that both kinds of token have.
#[derive(serde::Deserialize)]
pub(crate) struct CommonClaims {
    pub(crate) iss: String,
    pub(crate) exp: Seconds,
    #[serde(default)]
    pub(crate) nbf: Option<Seconds>,
    #[serde(default)]
    pub(crate) iat: Option<Seconds>,
    #[serde(default)]
    pub(crate) aud: Option<String>,
    pub(crate) account_id: Number,
    #[serde(default)]
    pub(crate) client_uuid: Option<String>,
    /// Kommo's page on bots spells it so; live tokens have `client_uuid`.
    #[serde(default)]
    pub(crate) client_uid: Option<String>,
}
