//! A lenient view of a JSON value: what is absent, `null`, empty or of another type is `None`.

use alloc::string::{String, ToString};

use serde_json::Value;

/// An object of a hook.
#[derive(Clone, Copy)]
pub(super) struct Node<'a>(&'a serde_json::Map<String, Value>);

impl<'a> Node<'a> {
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    pub(super) fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn object(self, name: &str) -> Option<Self> {
        self.value(name).and_then(Self::of)
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A text, or a number as its digits: some ids come as either.
    pub(super) fn text_or_number(self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn number(self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        }
    }

    /// The objects of a list; what is not an object is left out.
    pub(super) fn objects(self, name: &str) -> impl Iterator<Item = Self> {
        let list = self.value(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Self::of)
    }
}
