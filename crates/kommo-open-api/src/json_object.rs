//! Writes a JSON object in the order of the calls. There is no error path: what is written are texts and numbers.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

/// An object that is being written.
pub(crate) struct JsonObject {
    text: String,
}

impl JsonObject {
    pub(crate) fn new() -> Self {
        Self { text: "{".into() }
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        // A `Value` writes itself without an error path.
        let value = Value::from(value);
        self.raw(name, &format!("{value}"))
    }

    pub(crate) fn optional_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(crate) fn number(self, name: &str, value: u64) -> Self {
        self.raw(name, &format!("{value}"))
    }

    pub(crate) fn numbers(self, name: &str, values: impl Iterator<Item = u64>) -> Self {
        self.list(name, values.map(|value| format!("{value}")))
    }

    pub(crate) fn objects(self, name: &str, values: impl Iterator<Item = Self>) -> Self {
        self.list(name, values.map(Self::finish))
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }

    pub(crate) fn finish_bytes(self) -> Vec<u8> {
        self.finish().into_bytes()
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
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
        self.text.push_str(value);
        self
    }
}
