//! Validates a value against a schema of a description.

use jsonschema::Validator;
use serde_json::{Value, json};

/// The schema of this name, with everything that it refers to.
pub(crate) fn schema(document: &Value, name: &str) -> Validator {
    let root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"),
        "components": {"schemas": document["components"]["schemas"]},
    });
    jsonschema::validator_for(&root).unwrap()
}

#[track_caller]
pub(crate) fn assert_valid(document: &Value, name: &str, value: &Value) {
    let validator = schema(document, name);
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{value:#}");
}

/// The name at the end of a reference.
pub(crate) fn name_of(reference: &Value) -> &str {
    let reference = reference["$ref"].as_str().unwrap();
    reference.rsplit('/').next().unwrap()
}
