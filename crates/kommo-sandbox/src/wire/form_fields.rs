//! Text fields of a body or a query: `application/x-www-form-urlencoded`, and the strings of a JSON
//! object.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The value of `name` in a form or a query, decoded; the last one if it stands more than once.
pub(crate) fn form_field(form: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes())
        .filter(|(key, _)| key == name)
        .last()
        .map(|(_, value)| value.into_owned())
}

/// Whether a pair of a form or a query has this name.
pub(crate) fn has_name(pair: &str, name: &str) -> bool {
    form_urlencoded::parse(pair.as_bytes()).any(|(key, _)| key == name)
}

/// The value of `name` in a JSON object, if it is a string.
pub(crate) fn json_field(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

/// `%41` is `A`, `+` is a space; what is no escape stays, and bytes that are no UTF-8 become
/// U+FFFD.
pub(crate) fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::form_field;

    #[test]
    fn a_form_is_decoded_and_the_last_of_two_wins() {
        let form = "a=1&b=%D0%B0+b%2B&c&a=2&%64=%zz%4";
        assert_eq!(form_field(form, "a").as_deref(), Some("2"));
        assert_eq!(form_field(form, "b").as_deref(), Some("а b+"));
        assert_eq!(form_field(form, "c").as_deref(), Some(""));
        assert_eq!(form_field(form, "d").as_deref(), Some("%zz%4"));
        assert_eq!(form_field(form, "e"), None);
    }
}
