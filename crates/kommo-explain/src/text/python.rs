//! What Python prints for a value: signers hash `str(body)` where they meant its JSON.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::text::json_number::{self, Numbers};
use crate::text::json_tree::Node;

/// The text of a dictionary or a list.
pub(crate) fn of_value(node: &Node<'_>) -> String {
    let mut text = String::new();
    write_value(node, &mut text);
    text
}

fn write_value(node: &Node<'_>, text: &mut String) {
    match node {
        Node::Word("true") => text.push_str("True"),
        Node::Word("false") => text.push_str("False"),
        Node::Word("null") => text.push_str("None"),
        Node::Word(word) => text.push_str(&json_number::write(word, Numbers::Python)),
        Node::Text(characters) => write_string(characters, text),
        Node::List(items) => {
            text.push('[');
            for (number, item) in items.iter().enumerate() {
                text.push_str(if number > 0 { ", " } else { "" });
                write_value(item, text);
            }
            text.push(']');
        }
        Node::Object(members) => {
            text.push('{');
            for (number, (name, value)) in members.iter().enumerate() {
                text.push_str(if number > 0 { ", " } else { "" });
                write_string(name, text);
                text.push_str(": ");
                write_value(value, text);
            }
            text.push('}');
        }
    }
}

/// Letters beyond ASCII stay; control characters are escaped.
fn write_string(characters: &str, text: &mut String) {
    let quote = quote_for(characters.as_bytes());
    text.push(quote);
    for c in characters.chars() {
        if c.is_ascii() {
            write_ascii(c, quote, text);
        } else {
            text.push(c);
        }
    }
    text.push(quote);
}

/// `b'…'`, in which each byte beyond ASCII is an escape.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    let quote = quote_for(bytes);
    let mut text = String::from("b");
    text.push(quote);
    for byte in bytes {
        write_ascii(char::from(*byte), quote, &mut text);
    }
    text.push(quote);
    text
}

fn quote_for(bytes: &[u8]) -> char {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    }
}

fn write_ascii(c: char, quote: char, text: &mut String) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\\' => text.push_str("\\\\"),
        c if c == quote => {
            text.push('\\');
            text.push(quote);
        }
        ' '..='~' => text.push(c),
        c => {
            // Writing to a string does not fail.
            let _ = write!(text, "\\x{:02x}", u32::from(c));
        }
    }
}

/// The bytes that `b'…'` without its `b` and quotes means.
pub(crate) fn to_bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push(match rest.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte @ (b'\\' | b'\'' | b'"') => byte,
            _ => return None,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{of_bytes, of_value, to_bytes};
    use crate::text::json_tree::read;

    /// As Python 3.11 prints them.
    #[test]
    fn values_and_bytes_are_printed_as_python_does() {
        let json =
            r#"{"a":"it's \"x\"","b":[true,false,null,1.50,{}],"c":"В😍","d":"it's","e":"\n"}"#;
        let node = read(json).expect("an object");
        let expected = r#"{'a': 'it\'s "x"', 'b': [True, False, None, 1.5, {}], 'c': 'В😍', 'd': "it's", 'e': '\n'}"#;
        assert_eq!(of_value(&node), expected);
        let bytes = "it's В\n\\\0".as_bytes();
        let text = of_bytes(bytes);
        assert_eq!(text, r#"b"it's \xd0\x92\n\\\x00""#);
        assert_eq!(to_bytes(&text[2..text.len() - 1]).as_deref(), Some(bytes));
    }
}
