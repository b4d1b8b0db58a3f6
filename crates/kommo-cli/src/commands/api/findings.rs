//! What a validation found wrong, resolved against the body that was sent: which item, which field.

use kommo_http::ValidationError;
use serde_json::{Map, Value};

/// One finding, and where it points to.
pub(super) struct Finding<'a> {
    error: &'a ValidationError,
    /// A JSON pointer into the body that was sent.
    pointer: Option<String>,
    /// Whether the body has a value there.
    is_in_body: bool,
}

/// The findings of a refusal. A body that is not JSON resolves nothing.
pub(super) fn resolved<'a>(errors: &'a [ValidationError], sent: &[u8]) -> Vec<Finding<'a>> {
    let sent: Option<Value> = serde_json::from_slice(sent).ok();
    let resolve = |error| Finding::of(error, sent.as_ref());
    errors.iter().map(resolve).collect()
}

impl<'a> Finding<'a> {
    fn of(error: &'a ValidationError, sent: Option<&Value>) -> Self {
        let pointer = sent.and_then(|sent| pointer(error, sent));
        let is_in_body = match (&pointer, sent) {
            (Some(pointer), Some(sent)) => sent.pointer(pointer).is_some(),
            _ => false,
        };
        Self {
            error,
            pointer,
            is_in_body,
        }
    }

    /// One line for people.
    pub(super) fn line(&self) -> String {
        let error = self.error;
        let place = self.pointer.as_deref().or(error.path.as_deref());
        let mut line = place.unwrap_or("a field without a name").to_owned();
        if self.pointer.is_some() && !self.is_in_body {
            line.push_str(" (not in the body that was sent)");
        }
        if let Some(code) = &error.code {
            line.push_str(&format!(": {code}"));
        }
        if let Some(detail) = &error.detail {
            line.push_str(&format!(": {detail}"));
        }
        if let Some(id) = &error.request_id {
            line.push_str(&format!(" (request_id {id})"));
        }
        line
    }

    /// The same for programs.
    pub(super) fn to_json(&self) -> Value {
        let error = self.error;
        let fields = [
            ("request_id", &error.request_id),
            ("code", &error.code),
            ("path", &error.path),
            ("detail", &error.detail),
            ("pointer", &self.pointer),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.clone().into()));
        let mut fields = Map::from_iter(fields);
        fields.insert("is_in_body".to_owned(), self.is_in_body.into());
        Value::Object(fields)
    }
}

/// The item by the `request_id` that it was sent with, else by its index; then the path, whose
/// parts are divided by points.
fn pointer(error: &ValidationError, sent: &Value) -> Option<String> {
    let mut pointer = String::new();
    if let (Value::Array(items), Some(id)) = (sent, &error.request_id) {
        let has_id = |item: &Value| match item.get("request_id") {
            Some(Value::String(text)) => text == id,
            Some(Value::Number(number)) => number.to_string() == *id,
            _ => false,
        };
        let place = items.iter().position(has_id);
        let place = place.or_else(|| id.parse().ok().filter(|place| *place < items.len()))?;
        pointer.push_str(&format!("/{place}"));
    }
    for part in error.path.as_deref()?.split('.') {
        let part = part.replace('~', "~0").replace('/', "~1");
        pointer.push_str(&format!("/{part}"));
    }
    Some(pointer)
}
