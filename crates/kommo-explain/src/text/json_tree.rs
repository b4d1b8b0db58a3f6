//! JSON text as a tree of its own tokens.
//!
//! Numbers keep their text and keys keep their order, which a value type would not promise: between
//! one encoder and another only white space, escapes and the order of keys change.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

/// One value: a string by its characters, anything else by its text.
pub(crate) enum Node<'a> {
    /// A number, `true`, `false` or `null`.
    Word(&'a str),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What a decoder and an encoder of the same language lose between them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// `{}` becomes `[]`: PHP's arrays.
    ObjectToList,
    /// The other way.
    ListToObject,
    /// `""` becomes `null`: Laravel's middleware.
    EmptyTextToNull,
    /// The other way.
    NullToEmptyText,
}

/// The tree with that loss everywhere.
pub(crate) fn with_loss<'a>(node: &Node<'a>, loss: Loss) -> Node<'a> {
    match node {
        Node::Object(members) if members.is_empty() && loss == Loss::ObjectToList => {
            Node::List(Vec::new())
        }
        Node::List(items) if items.is_empty() && loss == Loss::ListToObject => {
            Node::Object(Vec::new())
        }
        Node::Text(text) if text.is_empty() && loss == Loss::EmptyTextToNull => Node::Word("null"),
        Node::Word("null") if loss == Loss::NullToEmptyText => Node::Text(String::new()),
        Node::Word(word) => Node::Word(word),
        Node::Text(text) => Node::Text(text.clone()),
        Node::List(items) => Node::List(items.iter().map(|item| with_loss(item, loss)).collect()),
        Node::Object(members) => {
            let members = members.iter();
            Node::Object(
                members
                    .map(|(name, value)| (name.clone(), with_loss(value, loss)))
                    .collect(),
            )
        }
    }
}

/// Reads an object or a list.
///
/// `serde_json` judges the text first, nesting (128 levels) and surrogates included; what it
/// refuses is not re-encoded.
pub(crate) fn read(text: &str) -> Option<Node<'_>> {
    let judged: Value = serde_json::from_str(text).ok()?;
    if !(judged.is_object() || judged.is_array()) {
        return None;
    }
    drop(judged);
    let mut rest = text;
    let node = value(&mut rest)?;
    Some(node)
}

fn skip_space(rest: &mut &str) {
    *rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
}

fn skip(rest: &mut &str, expected: char) -> bool {
    skip_space(rest);
    let behind = rest.strip_prefix(expected);
    if let Some(behind) = behind {
        *rest = behind;
    }
    behind.is_some()
}

/// The depth of the recursion is the nesting that `serde_json` admitted.
fn value<'a>(rest: &mut &'a str) -> Option<Node<'a>> {
    skip_space(rest);
    match rest.bytes().next()? {
        b'{' => object(rest),
        b'[' => list(rest),
        b'"' => string(rest).map(Node::Text),
        _ => {
            let end = rest
                .find([',', ']', '}', ' ', '\t', '\n', '\r'])
                .unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end)?;
            *rest = behind;
            Some(Node::Word(word))
        }
    }
}

fn object<'a>(rest: &mut &'a str) -> Option<Node<'a>> {
    let mut members = Vec::new();
    if !skip(rest, '{') {
        return None;
    }
    if skip(rest, '}') {
        return Some(Node::Object(members));
    }
    loop {
        skip_space(rest);
        let name = string(rest)?;
        if !skip(rest, ':') {
            return None;
        }
        members.push((name, value(rest)?));
        if skip(rest, '}') {
            return Some(Node::Object(members));
        }
        if !skip(rest, ',') {
            return None;
        }
    }
}

fn list<'a>(rest: &mut &'a str) -> Option<Node<'a>> {
    let mut items = Vec::new();
    if !skip(rest, '[') {
        return None;
    }
    if skip(rest, ']') {
        return Some(Node::List(items));
    }
    loop {
        items.push(value(rest)?);
        if skip(rest, ']') {
            return Some(Node::List(items));
        }
        if !skip(rest, ',') {
            return None;
        }
    }
}

fn string(rest: &mut &str) -> Option<String> {
    let mut escaped = false;
    let end = rest.bytes().enumerate().skip(1).find(|(_, byte)| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    let (token, behind) = rest.split_at_checked(end?.0 + 1)?;
    *rest = behind;
    serde_json::from_str(token).ok()
}
