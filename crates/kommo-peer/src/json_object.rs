//! What we send: a JSON object, written once, in the order of the calls.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

/// An object that is being written. There is no error path: what is written are texts, numbers and
/// further objects.
///
/// A name is written as it is given; it is part of a program and needs no escape.
///
/// # Examples
///
/// ```
/// use kommo_peer::JsonObject;
///
/// let body = JsonObject::new().text("title", "a\"b").number("size", 5).optional_text("tag", None);
/// assert_eq!(body.finish(), br#"{"title":"a\"b","size":5}"#);
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct JsonObject {
    text: String,
}

impl JsonObject {
    /// An object without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn text(self, name: &str, value: &str) -> Self {
        // A `Value` writes itself without an error path.
        let value = Value::from(value);
        self.raw(name, &format!("{value}"))
    }

    /// Adds a text, or leaves the field out.
    pub fn optional_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a whole number.
    pub fn number(self, name: &str, value: u64) -> Self {
        self.raw(name, &format!("{value}"))
    }

    /// Adds a list of whole numbers.
    pub fn numbers(self, name: &str, values: impl Iterator<Item = u64>) -> Self {
        self.list(name, values.map(|value| format!("{value}")))
    }

    /// Adds a list of objects.
    pub fn objects(self, name: &str, values: impl Iterator<Item = Self>) -> Self {
        self.list(name, values.map(Self::into_text))
    }

    /// Adds a whole number, or leaves the field out.
    pub fn optional_number(self, name: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    /// Adds a whole number that may be negative.
    pub fn signed_number(self, name: &str, value: i64) -> Self {
        self.raw(name, &format!("{value}"))
    }

    /// Adds a number with a fraction, which is written with a point: `37.0`. What is not a number
    /// at all becomes `null`.
    pub fn float(self, name: &str, value: f64) -> Self {
        let value = if value.is_finite() {
            format!("{value:?}")
        } else {
            "null".into()
        };
        self.raw(name, &value)
    }

    /// Adds `true` or `false`.
    pub fn boolean(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds an object.
    pub fn object(self, name: &str, value: Self) -> Self {
        self.raw(name, &value.into_text())
    }

    /// Adds an object, or leaves the field out.
    pub fn optional_object(self, name: &str, value: Option<Self>) -> Self {
        match value {
            Some(value) => self.object(name, value),
            None => self,
        }
    }

    /// The bytes of the object.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.into_text().into_bytes()
    }

    fn into_text(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }

    fn list(self, name: &str, values: impl Iterator<Item = String>) -> Self {
        let mut list = String::from("[");
        for (number, value) in values.enumerate() {
            if number > 0 {
                list.push(',');
            }
            list.push_str(&value);
        }
        list.push(']');
        self.raw(name, &list)
    }

    fn raw(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
        self.text.push_str(value);
        self
    }
}
