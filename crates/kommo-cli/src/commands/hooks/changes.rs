//! `--set path=value`: what is changed in a sample.

use core::str::FromStr;

use serde_json::{Map, Value};

use crate::failure::exit::Failure;

/// Changes with this prefix are for the claims of a token.
const TOKEN_PREFIX: &str = "token.";

/// One change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    path: String,
    value: String,
}

impl FromStr for Change {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((path, value)) if !path.is_empty() => Ok(Self {
                path: path.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("not a path, =, and a value, as in message.message.text=Hello"),
        }
    }
}

/// Those that are for the claims of a token, without their prefix, and the others.
pub(super) fn split(changes: &[Change]) -> (Vec<Change>, Vec<Change>) {
    let (mut claims, mut others) = (Vec::new(), Vec::new());
    for change in changes {
        match change.path.strip_prefix(TOKEN_PREFIX) {
            Some(path) => claims.push(Change {
                path: path.to_owned(),
                value: change.value.clone(),
            }),
            None => others.push(change.clone()),
        }
    }
    (claims, others)
}

/// Puts each value where its path leads. What was a text stays one; anything else is read as JSON,
/// and is a text if it is none. An object that is not there is made.
pub(super) fn change_json(body: &mut Value, changes: &[Change]) -> Result<(), Failure> {
    for change in changes {
        let place = place_of(body, &change.path).ok_or_else(|| {
            let path = &change.path;
            Failure::usage(format!("--set: {path} does not exist in the sample"))
                .hint("names are joined by dots, and the items of a list are 0, 1, 2, …")
        })?;
        let text = || Value::from(change.value.as_str());
        *place = match place {
            Value::String(_) => text(),
            _ => serde_json::from_str(&change.value).unwrap_or_else(|_| text()),
        };
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
pub(super) fn change_form(form: &mut Vec<(String, String)>, changes: &[Change]) {
    for Change { path, value } in changes {
        match form.iter_mut().find(|(name, _)| name == path) {
            Some((_, old)) => value.clone_into(old),
            None => form.push((path.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::{Change, change_json, split};

    fn changes(texts: &[&str]) -> Vec<Change> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_text_stays_a_text_and_everything_else_is_json() {
        let mut body = json!({"a": "x", "n": 1, "list": [{"b": null}], "none": null});
        let wanted = [
            "a=5",
            "n=2",
            "list.0.b=true",
            "none.deep=word",
            "new=1=2",
            "a2=",
        ];
        change_json(&mut body, &changes(&wanted)).unwrap();
        let changed = json!({
            "a": "5", "n": 2, "list": [{"b": true}], "none": {"deep": "word"}, "new": "1=2", "a2": "",
        });
        assert_eq!(body, changed);
        for nowhere in ["n.x=1", "list.1=1", "list.x=1"] {
            assert_eq!(
                change_json(&mut body, &changes(&[nowhere]))
                    .unwrap_err()
                    .status(),
                2
            );
        }
    }

    #[test]
    fn a_change_has_a_path_and_claims_are_apart() {
        for wrong in ["", "=x", "word"] {
            assert!(wrong.parse::<Change>().is_err(), "{wrong}");
        }
        let (claims, others) = split(&changes(&["token.exp=1", "exp=2"]));
        assert_eq!(
            (claims[0].path.as_str(), others[0].value.as_str()),
            ("exp", "2")
        );
    }
}
