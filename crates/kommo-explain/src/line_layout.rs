//! Order and separator of the lines as signers get them wrong.

use alloc::string::String;
use alloc::vec::Vec;

use crate::finding::Finding;
use crate::finding_code::FindingCode;
use crate::search::Variant;

/// A line, by its place in the right order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Method,
    ContentMd5,
    ContentType,
    Date,
    Path,
}

impl Line {
    /// The right order.
    const ALL: [Self; 5] = [
        Self::Method,
        Self::ContentMd5,
        Self::ContentType,
        Self::Date,
        Self::Path,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::ContentMd5 => "Content-MD5",
            Self::ContentType => "Content-Type",
            Self::Date => "Date",
            Self::Path => "path",
        }
    }
}

use Line::{ContentMd5, ContentType, Date, Method, Path};

/// Recipes in circulation, tried together with other deviations.
const COMMON_ORDERS: [&[Line]; 5] = [
    &[Method, Date, ContentMd5, Path],
    &[Method, ContentMd5, Date, Path],
    &[Method, Date, ContentType, ContentMd5, Path],
    &[Method, ContentMd5, Date, ContentType, Path],
    &[Method, ContentType, ContentMd5, Date, Path],
];

/// The right order, all other orders of the five lines, and all orders of four of them.
pub(crate) fn order_variants() -> Vec<Variant<Vec<Line>>> {
    let mut variants = Vec::from([Variant::right(Line::ALL.to_vec())]);
    let mut orders: Vec<Vec<Line>> = COMMON_ORDERS.iter().map(|order| order.to_vec()).collect();
    permute(&mut Vec::new(), &Line::ALL, &mut orders);
    for order in orders {
        if variants.iter().any(|known| known.value == order) {
            continue;
        }
        let common = COMMON_ORDERS.contains(&order.as_slice());
        variants.push(Variant {
            findings: Vec::from([Finding::new(FindingCode::WrongOrder, message(&order))]),
            value: order,
            common,
        });
    }
    variants
}

/// Adds every order of all lines and of all but one. The depth is five.
fn permute(begun: &mut Vec<Line>, rest: &[Line], orders: &mut Vec<Vec<Line>>) {
    if rest.len() <= 1 {
        orders.push(begun.clone());
    }
    for line in rest {
        let others: Vec<Line> = rest
            .iter()
            .filter(|other| *other != line)
            .copied()
            .collect();
        begun.push(*line);
        if others.is_empty() {
            orders.push(begun.clone());
        } else {
            permute(begun, &others, orders);
        }
        begun.pop();
    }
}

fn message(order: &[Line]) -> String {
    let mut message = String::from("The lines were signed in the order ");
    for (number, line) in order.iter().enumerate() {
        if number > 0 {
            message.push_str(", ");
        }
        message.push_str(line.name());
    }
    if let Some(absent) = Line::ALL.iter().find(|line| !order.contains(line)) {
        message.push_str(", without ");
        message.push_str(absent.name());
    }
    message.push('.');
    message
}

/// What stands before the first part, between the parts, and after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Separator {
    pub(crate) before: &'static str,
    pub(crate) between: &'static str,
    pub(crate) after: &'static str,
}

impl Separator {
    const fn between(between: &'static str) -> Self {
        Self {
            before: "",
            between,
            after: "",
        }
    }

    /// Joins the parts into an emptied buffer.
    pub(crate) fn join<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(self.before.as_bytes());
        for (number, part) in parts.into_iter().enumerate() {
            if number > 0 {
                buffer.extend_from_slice(self.between.as_bytes());
            }
            buffer.extend_from_slice(part);
        }
        buffer.extend_from_slice(self.after.as_bytes());
    }
}

/// The right separator first; then what others put there.
pub(crate) fn separator_variants(right: &'static str) -> Vec<Variant<Separator>> {
    let mut variants = Vec::from([Variant::right(Separator::between(right))]);
    let finding = |message| Finding::new(FindingCode::WrongSeparator, message);
    for (between, message, common) in [
        ("", "Nothing stood between the parts.", true),
        ("\n", "The parts were joined by line feeds.", true),
        ("\r\n", "The parts were joined by CR LF.", true),
        (
            "\\n",
            "A backslash and the letter n stood between the parts, as from single quotes.",
            true,
        ),
        ("\r", "The parts were joined by CR.", false),
        (
            "\\r\\n",
            "Backslash escapes stood between the parts.",
            false,
        ),
        ("\n\n", "The parts were joined by two line feeds.", false),
        (" ", "The parts were joined by spaces.", false),
        (",", "The parts were joined by commas.", false),
        (", ", "The parts were joined by commas and spaces.", false),
        (";", "The parts were joined by semicolons.", false),
        (":", "The parts were joined by colons.", false),
        ("|", "The parts were joined by pipes.", false),
        ("&", "The parts were joined by ampersands.", false),
        ("+", "The parts were joined by plus signs.", false),
        ("-", "The parts were joined by hyphens.", false),
        ("_", "The parts were joined by underscores.", false),
        (".", "The parts were joined by dots.", false),
        ("/", "The parts were joined by slashes.", false),
        ("\t", "The parts were joined by tabs.", false),
        ("\0", "The parts were joined by NUL bytes.", false),
    ] {
        if between != right {
            variants.push(Variant {
                value: Separator::between(between),
                findings: Vec::from([finding(message)]),
                common,
            });
        }
    }
    for (before, after, message, common) in [
        ("", "\n", "A line feed followed the last part.", true),
        ("", "\r\n", "CR LF followed the last part.", false),
        ("\n", "", "A line feed stood before the first part.", false),
        ("", " ", "A space followed the last part.", false),
    ] {
        let separator = Separator {
            before,
            between: right,
            after,
        };
        variants.push(Variant {
            value: separator,
            findings: Vec::from([finding(message)]),
            common,
        });
    }
    variants
}
