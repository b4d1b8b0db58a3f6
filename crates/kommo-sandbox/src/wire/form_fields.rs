//! Text fields of a body or a query: `application/x-www-form-urlencoded`, and the strings of a JSON object.

use serde_json::{Map, Value};

/// The value of `name` in a form or a query, decoded; the last one if it stands more than once.
pub(crate) fn form_field(form: &str, name: &str) -> Option<String> {
    let pairs = form.split('&').filter(|pair| !pair.is_empty());
    pairs
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key) == name).then(|| decoded(value))
        })
        .next_back()
}

/// Whether a pair of a form or a query has this name.
pub(crate) fn has_name(pair: &str, name: &str) -> bool {
    let key = pair.split_once('=').map_or(pair, |(key, _)| key);
    decoded(key) == name
}

/// The value of `name` in a JSON object, if it is a string.
pub(crate) fn json_field(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

/// `%41` is `A`, `+` is a space; what is no escape stays, and bytes that are no UTF-8 become U+FFFD.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1).zip(bytes.get(at + 2))) {
            (b'+', _) => out.push(b' '),
            (b'%', Some((high, low))) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high * 16 + low);
                    at += 2;
                }
                _ => out.push(b'%'),
            },
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
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
