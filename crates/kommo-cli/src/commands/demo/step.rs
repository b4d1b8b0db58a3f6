//! A step of the demo, and how it is printed.

use serde_json::{Map, Value};

use crate::failure::exit::Failure;
use crate::run::context::Context;

/// The result of a step.
pub(super) struct Step {
    name: &'static str,
    is_ok: bool,
    /// At most 64 columns, so that a step is one line of a terminal.
    detail: String,
    /// More for programs.
    facts: Map<String, Value>,
}

impl Step {
    pub(super) fn new(name: &'static str, is_ok: bool, detail: impl Into<String>) -> Self {
        Self {
            name,
            is_ok,
            detail: detail.into(),
            facts: Map::new(),
        }
    }

    /// Adds a fact for programs.
    pub(super) fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), fact.into());
        self
    }

    fn to_text(&self, has_colour: bool) -> String {
        let mark = match (self.is_ok, has_colour) {
            (true, false) => "ok    ",
            (true, true) => "\u{1b}[32mok\u{1b}[0m    ",
            (false, false) => "FAILED",
            (false, true) => "\u{1b}[31mFAILED\u{1b}[0m",
        };
        format!("{mark} {:<13} {}", self.name, self.detail)
    }

    fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("step".to_owned(), Value::from(self.name));
        fields.insert("ok".to_owned(), Value::from(self.is_ok));
        fields.insert("detail".to_owned(), Value::from(self.detail.as_str()));
        fields.extend(self.facts.clone());
        Value::Object(fields)
    }
}

/// Prints a step, and says whether it went well.
pub(super) fn tell(step: &Step, context: &Context) -> Result<bool, Failure> {
    context
        .output
        .painted_result(&step.to_text(context.output.has_colour()), &step.to_json())?;
    for found in step
        .facts
        .get("findings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let part = |name| found.get(name).and_then(Value::as_str).unwrap_or_default();
        context.output.detail(&format!(
            "       {}: {} {}",
            part("code"),
            part("message"),
            part("remedy")
        ));
    }
    Ok(step.is_ok)
}
