//! Writes a tree of JSON tokens as a given encoder would.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::text::json_number::{self, Numbers};
use crate::text::json_tree::Node;

/// The white space between tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// None.
    Compact,
    /// One space after each comma and colon.
    Spaced,
    /// One space after each colon.
    ColonSpaced,
    /// A line for each member, indented by that many spaces, one space after each colon.
    Indented(usize),
    /// The same, indented by tabs.
    Tabs,
}

/// Which characters of a string are escaped beyond what JSON asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escapes {
    /// `/` as `\/`.
    pub(crate) slash: bool,
    /// Beyond ASCII as `\uxxxx`.
    pub(crate) non_ascii: bool,
    /// DEL too.
    pub(crate) delete: bool,
    /// The line separators U+2028 and U+2029.
    pub(crate) line_separators: bool,
    /// These as `\u00xx`.
    pub(crate) ascii: &'static str,
    /// Hex digits of escapes in upper case.
    pub(crate) upper_case: bool,
}

impl Escapes {
    /// Only what JSON asks for: JavaScript, Rust, and Python or PHP with an option.
    pub(crate) const NONE: Self = Self {
        slash: false,
        non_ascii: false,
        delete: false,
        line_separators: false,
        ascii: "",
        upper_case: false,
    };
    /// PHP's `json_encode` without flags.
    pub(crate) const PHP: Self = Self {
        slash: true,
        non_ascii: true,
        ..Self::NONE
    };
    /// PHP with its flag for plain letters.
    pub(crate) const PHP_UNICODE: Self = Self {
        slash: true,
        line_separators: true,
        ..Self::NONE
    };
    /// PHP with its flag for plain slashes.
    pub(crate) const NON_ASCII: Self = Self {
        non_ascii: true,
        ..Self::NONE
    };
    /// Python's `json.dumps` without arguments.
    pub(crate) const PYTHON: Self = Self {
        non_ascii: true,
        delete: true,
        ..Self::NONE
    };
    /// Go's `json.Marshal`.
    pub(crate) const GO: Self = Self {
        line_separators: true,
        ascii: "<>&",
        ..Self::NONE
    };
    /// Java's Gson.
    pub(crate) const GSON: Self = Self {
        line_separators: true,
        ascii: "<>&='",
        ..Self::NONE
    };
    /// System.Text.Json of .NET.
    pub(crate) const DOT_NET: Self = Self {
        non_ascii: true,
        delete: true,
        ascii: "\"&'+<>`",
        upper_case: true,
        ..Self::NONE
    };
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    Kept,
    Sorted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) layout: Layout,
    pub(crate) escapes: Escapes,
    pub(crate) key_order: KeyOrder,
    pub(crate) numbers: Numbers,
}

impl Style {
    /// Without spaces, in the order and with the numbers that came.
    pub(crate) const fn compact(escapes: Escapes) -> Self {
        Self {
            layout: Layout::Compact,
            escapes,
            key_order: KeyOrder::Kept,
            numbers: Numbers::Kept,
        }
    }
}

/// The text in that style, without a line end.
pub(crate) fn write(node: &Node<'_>, style: Style) -> String {
    let mut text = String::new();
    write_value(node, style, 0, &mut text);
    text
}

fn write_value(node: &Node<'_>, style: Style, depth: usize, text: &mut String) {
    match node {
        Node::Word(word) => text.push_str(&json_number::write(word, style.numbers)),
        Node::Text(characters) => write_string(characters, style.escapes, text),
        Node::List(items) => {
            text.push('[');
            for (number, item) in items.iter().enumerate() {
                before_item(number, style.layout, depth + 1, text);
                write_value(item, style, depth + 1, text);
            }
            close(items.is_empty(), ']', style.layout, depth, text);
        }
        Node::Object(members) => {
            let mut members: Vec<&(String, Node<'_>)> = members.iter().collect();
            if style.key_order == KeyOrder::Sorted {
                members.sort_by(|(first, _), (second, _)| first.cmp(second));
            }
            text.push('{');
            for (number, (name, value)) in members.iter().enumerate() {
                before_item(number, style.layout, depth + 1, text);
                write_string(name, style.escapes, text);
                text.push_str(if style.layout == Layout::Compact {
                    ":"
                } else {
                    ": "
                });
                write_value(value, style, depth + 1, text);
            }
            close(members.is_empty(), '}', style.layout, depth, text);
        }
    }
}

fn before_item(number: usize, layout: Layout, depth: usize, text: &mut String) {
    if number > 0 {
        text.push(',');
        if layout == Layout::Spaced {
            text.push(' ');
        }
    }
    new_line(layout, depth, text);
}

fn close(is_empty: bool, bracket: char, layout: Layout, depth: usize, text: &mut String) {
    if !is_empty {
        new_line(layout, depth, text);
    }
    text.push(bracket);
}

fn new_line(layout: Layout, depth: usize, text: &mut String) {
    let (unit, times) = match layout {
        Layout::Compact | Layout::Spaced | Layout::ColonSpaced => return,
        Layout::Indented(spaces) => (' ', spaces * depth),
        Layout::Tabs => ('\t', depth),
    };
    text.push('\n');
    text.extend(core::iter::repeat_n(unit, times));
}

fn write_string(characters: &str, escapes: Escapes, text: &mut String) {
    text.push('"');
    for character in characters.chars() {
        match short_escape(character, escapes) {
            Some(escape) => text.push_str(escape),
            None if is_escaped(character, escapes) => write_escape(character, escapes, text),
            None => text.push(character),
        }
    }
    text.push('"');
}

fn short_escape(character: char, escapes: Escapes) -> Option<&'static str> {
    match character {
        '"' if !escapes.ascii.contains('"') => Some("\\\""),
        '\\' => Some("\\\\"),
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        '\t' => Some("\\t"),
        '\u{8}' => Some("\\b"),
        '\u{c}' => Some("\\f"),
        '/' if escapes.slash => Some("\\/"),
        _ => None,
    }
}

fn is_escaped(character: char, escapes: Escapes) -> bool {
    match character {
        '\0'..='\u{1f}' => true,
        '\u{7f}' => escapes.delete,
        '\u{2028}' | '\u{2029}' => escapes.non_ascii || escapes.line_separators,
        _ if character.is_ascii() => escapes.ascii.contains(character),
        _ => escapes.non_ascii,
    }
}

fn write_escape(character: char, escapes: Escapes, text: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a string does not fail.
        let _ = if escapes.upper_case {
            write!(text, "\\u{unit:04X}")
        } else {
            write!(text, "\\u{unit:04x}")
        };
    }
}
