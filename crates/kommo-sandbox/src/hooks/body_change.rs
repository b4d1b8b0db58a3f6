//! Changes that an order makes to a sample: a path into JSON, or the name of a form's field.

use serde_json::{Map, Value};

/// A form as its pairs, in their order.
pub(crate) type Form = Vec<(String, String)>;

/// Puts each value where its path leads: `message.message.text`, `content.0.status`. An object that
/// is not there is made; the path that leads nowhere is the error.
pub(crate) fn change_json(body: &mut Value, changes: &Map<String, Value>) -> Result<(), String> {
    for (path, value) in changes {
        let place = place_of(body, path).ok_or_else(|| path.clone())?;
        *place = value.clone();
    }
    Ok(())
}

fn place_of<'a>(body: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let mut place = body;
    for name in path.split('.') {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(fields) => fields.entry(name).or_insert(Value::Null),
            Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(place)
}

/// Replaces the fields with these names, and adds those that are not there.
pub(crate) fn change_form(form: &mut Form, changes: &Map<String, Value>) {
    for (name, value) in changes {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match form.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = text,
            None => form.push((name.clone(), text)),
        }
    }
}

/// JSON as Go's encoder writes it, which the real hooks probably come from: `&`, `<` and `>` are
/// escaped. Who verifies a body that was parsed and written again finds out here.
pub(crate) fn go_json(body: &Value) -> String {
    body.to_string()
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::{change_form, change_json, go_json};

    #[test]
    fn a_path_leads_into_objects_and_arrays_and_makes_what_is_not_there() {
        let mut body = json!({"a": {"b": [1, {"c": 2}]}, "n": null});
        let changes = json!({"a.b.1.c": "x", "a.new.deep": true, "n.m": 1});
        change_json(&mut body, changes.as_object().unwrap()).unwrap();
        let wanted = json!({"a": {"b": [1, {"c": "x"}], "new": {"deep": true}}, "n": {"m": 1}});
        assert_eq!(body, wanted);
        for nowhere in ["a.b.7", "a.b.x", "a.b.0.c"] {
            let changes = json!({ nowhere: 1 });
            let led = change_json(&mut body, changes.as_object().unwrap());
            assert_eq!(led, Err(nowhere.to_owned()));
        }
    }

    #[test]
    fn fields_of_a_form_are_replaced_in_their_places() {
        let mut form = vec![
            ("a".to_owned(), "1".to_owned()),
            ("b[c]".into(), "2".into()),
        ];
        change_form(&mut form, json!({"b[c]": 3, "d": "4"}).as_object().unwrap());
        let pairs: Vec<_> = form
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(pairs, ["a=1", "b[c]=3", "d=4"]);
    }

    #[test]
    fn three_characters_are_escaped() {
        assert_eq!(go_json(&json!("a<b>&c\"")), r#""a\u003cb\u003e\u0026c\"""#);
    }
}
