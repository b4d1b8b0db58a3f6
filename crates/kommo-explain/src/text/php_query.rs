//! A tree of JSON as PHP's `http_build_query` writes it: signers of other schemes hash that.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::text::json_number::{self, Numbers};
use crate::text::json_tree::Node;
use crate::text::percent;

/// `a=1&b%5Bc%5D=x+y`; or, decoded again, `a=1&b[c]=x y`. What is `null` or empty is left out.
pub(crate) fn of_value(node: &Node<'_>, is_encoded: bool) -> String {
    let mut query = String::new();
    write(node, "", is_encoded, &mut query);
    query
}

fn write(node: &Node<'_>, name: &str, is_encoded: bool, query: &mut String) {
    let member = |key: &str| match name.is_empty() {
        true => String::from(key),
        false => alloc::format!("{name}[{key}]"),
    };
    let value = match node {
        Node::Object(members) => {
            for (key, value) in members {
                write(value, &member(key), is_encoded, query);
            }
            return;
        }
        Node::List(items) => {
            for (number, item) in items.iter().enumerate() {
                write(
                    item,
                    &member(&alloc::format!("{number}")),
                    is_encoded,
                    query,
                );
            }
            return;
        }
        Node::Word("null") => return,
        Node::Word("true") => Cow::Borrowed("1"),
        Node::Word("false") => Cow::Borrowed("0"),
        Node::Word(word) => json_number::write(word, Numbers::Shortest),
        Node::Text(text) => Cow::Borrowed(text.as_str()),
    };
    if !query.is_empty() {
        query.push('&');
    }
    for (before, part) in [("", name), ("=", &value)] {
        query.push_str(before);
        if is_encoded {
            let text = percent::encode(part.as_bytes(), true);
            let text = String::from_utf8_lossy(&text).replace('~', "%7E");
            query.push_str(&text);
        } else {
            query.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_value;
    use crate::text::json_tree::read;

    /// As PHP 8.2 writes them.
    #[test]
    fn a_tree_is_written_as_php_does() {
        let json = r#"{"a":1,"b":{"c":"x y~","d":[true,2.50,null,{}]},"e":false,"f":""}"#;
        let node = read(json).expect("an object");
        assert_eq!(
            of_value(&node, true),
            "a=1&b%5Bc%5D=x+y%7E&b%5Bd%5D%5B0%5D=1&b%5Bd%5D%5B1%5D=2.5&e=0&f="
        );
        assert_eq!(
            of_value(&node, false),
            "a=1&b[c]=x y~&b[d][0]=1&b[d][1]=2.5&e=0&f="
        );
    }
}
