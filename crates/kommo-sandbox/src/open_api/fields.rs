//! The fields of an object, strictly typed: the same id is a text in one endpoint and a number in
//! another, and each takes its own alone. `null` is absent. Lengths count characters.

use serde_json::{Map, Value};

use crate::open_api::refusal::{Part, Refusal};

/// The fields of an object, and the part of the API that names what is wrong with them.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) object: &'a Map<String, Value>,
    pub(crate) part: Part,
}

impl<'a> Fields<'a> {
    fn optional(self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn required(self, name: &str) -> Result<&'a Value, Refusal> {
        self.optional(name)
            .ok_or_else(|| Refusal::missing(self.part, name))
    }

    /// A text of 1 to `limit` characters.
    pub(crate) fn text(self, name: &str, limit: usize) -> Result<String, Refusal> {
        text_of(self.required(name)?, name, limit)
    }

    pub(crate) fn optional_text(self, name: &str, limit: usize) -> Result<Option<String>, Refusal> {
        self.optional(name)
            .map(|value| text_of(value, name, limit))
            .transpose()
    }

    /// A text that may be empty, which is as if it were absent.
    pub(crate) fn optional_or_empty(
        self,
        name: &str,
        limit: usize,
    ) -> Result<Option<String>, Refusal> {
        match self.optional(name) {
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            _ => self.optional_text(name, limit),
        }
    }

    pub(crate) fn number(self, name: &str) -> Result<u64, Refusal> {
        number_of(self.required(name)?, name)
    }

    /// A whole number as text.
    pub(crate) fn number_text(self, name: &str) -> Result<u64, Refusal> {
        let text = text_of(self.required(name)?, name, 20)?;
        digits(&text, name)
    }

    /// A list of whole numbers.
    pub(crate) fn numbers(self, name: &str) -> Result<Vec<u64>, Refusal> {
        let list = self.list(name)?;
        list.iter().map(|value| number_of(value, name)).collect()
    }

    /// A list of whole numbers, or a text of them with commas between.
    pub(crate) fn numbers_or_text(self, name: &str) -> Result<Vec<u64>, Refusal> {
        match self.required(name)? {
            Value::String(text) => text.split(',').map(|text| digits(text, name)).collect(),
            _ => self.numbers(name),
        }
    }

    /// A list of objects.
    pub(crate) fn objects(self, name: &str) -> Result<Vec<Self>, Refusal> {
        let entry = |value: &'a Value| match value {
            Value::Object(object) => Ok(Self { object, ..self }),
            _ => Err(wrong_type(name, "a list of objects")),
        };
        let entries: Vec<_> = self
            .list(name)?
            .iter()
            .map(entry)
            .collect::<Result<_, _>>()?;
        match entries.is_empty() {
            true => Err(Refusal::missing(self.part, name)),
            false => Ok(entries),
        }
    }

    /// `0` or `1`, as a number.
    pub(crate) fn flag(self, name: &str) -> Result<bool, Refusal> {
        match self.optional(name) {
            None => Ok(false),
            Some(value) => one_or_zero(number_of(value, name)?, name),
        }
    }

    /// `"0"` or `"1"`.
    pub(crate) fn flag_text(self, name: &str) -> Result<bool, Refusal> {
        match self.optional(name) {
            None => Ok(false),
            Some(value) => one_or_zero(digits(&text_of(value, name, 1)?, name)?, name),
        }
    }

    fn list(self, name: &str) -> Result<&'a Vec<Value>, Refusal> {
        match self.required(name)? {
            Value::Array(list) => Ok(list),
            _ => Err(wrong_type(name, "a list")),
        }
    }
}

fn text_of(value: &Value, name: &str, limit: usize) -> Result<String, Refusal> {
    let Value::String(text) = value else {
        return Err(wrong_type(name, "a text"));
    };
    let found = text.chars().count();
    if (1..=limit).contains(&found) {
        return Ok(text.clone());
    }
    let reason = format!("{name} has {found} characters, not 1 to {limit}");
    Err(Refusal::wrong("field-length", reason))
}

fn number_of(value: &Value, name: &str) -> Result<u64, Refusal> {
    value
        .as_u64()
        .ok_or_else(|| wrong_type(name, "a whole number"))
}

fn digits(text: &str, name: &str) -> Result<u64, Refusal> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_digits);
    number.ok_or_else(|| wrong_type(name, "the digits of a number"))
}

fn one_or_zero(number: u64, name: &str) -> Result<bool, Refusal> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Refusal::wrong(
            "field-value",
            format!("{name} is neither 0 nor 1"),
        )),
    }
}

fn wrong_type(name: &str, wanted: &str) -> Refusal {
    Refusal::wrong("field-type", format!("{name} is not {wanted}"))
}
