//! Order and separator of the lines as signers get them wrong.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::search::Variant;

/// A line, by its index in the right order; or something that is there by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Line {
    Method,
    ContentMd5,
    ContentType,
    Date,
    Path,
    /// The body itself.
    Body,
    /// The method and the path in one, as a digest: seen in public code.
    DigestOfTarget,
    Empty,
    /// The value of another header, by its number.
    Other(usize),
    /// The value of one of the three headers with its name before it.
    Named(usize),
}

/// How the names stand before the values: `Date: …`, `date: …`, `Date:…`, `date:…`.
pub(crate) const NAMES: [[&str; 3]; 4] = [
    ["Content-MD5: ", "Content-Type: ", "Date: "],
    ["content-md5: ", "content-type: ", "date: "],
    ["Content-MD5:", "Content-Type:", "Date:"],
    ["content-md5:", "content-type:", "date:"],
];

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
            Self::Body => "body",
            Self::DigestOfTarget => "the MD5 of method and path",
            Self::Empty => "an empty line",
            Self::Other(_) => "another header",
            Self::Named(_) => "a header with its name",
        }
    }
}

use Line::{Body, ContentMd5, ContentType, Date, DigestOfTarget, Empty, Method, Path};

/// Recipes in circulation, tried together with other deviations.
const COMMON_ORDERS: [&[Line]; 5] = [
    &[Method, Date, ContentMd5, Path],
    &[Method, ContentMd5, Date, Path],
    &[Method, Date, ContentType, ContentMd5, Path],
    &[Method, ContentMd5, Date, ContentType, Path],
    &[Method, ContentType, ContentMd5, Date, Path],
];

/// Recipes in circulation that sign something else than the five lines.
const OTHER_LAYOUTS: [&[Line]; 6] = [
    &[Method, Date, Empty, Empty, Body],
    &[DigestOfTarget],
    &[Method, ContentMd5, ContentType, Date, Path, Body],
    &[Body, Date],
    &[Date, Body],
    &[Method, Path, Date, Body],
];

/// The most other headers that are tried among the lines.
pub(crate) const OTHER_HEADERS_MAX: usize = 12;

/// Of these, two are tried together.
const PAIRED_HEADERS_MAX: usize = 5;

/// The right order, every order of one to five of the lines, the body among them, and one of
/// `others` more.
pub(crate) fn order_variants(others: usize) -> Vec<Variant<Vec<Line>>> {
    let mut variants = Vec::from([Variant::right(Line::ALL.to_vec())]);
    let mut orders: Vec<Vec<Line>> = COMMON_ORDERS.iter().map(|order| order.to_vec()).collect();
    permute(&mut Vec::new(), &Line::ALL, &mut orders);
    let mut with_body: Vec<Vec<Line>> = OTHER_LAYOUTS.iter().map(|order| order.to_vec()).collect();
    let short = orders.iter().filter(|order| order.len() < 4);
    for order in short
        .chain([&Line::ALL.to_vec()])
        .chain(orders.get(..COMMON_ORDERS.len()).unwrap_or_default())
    {
        // The body alone is the older scheme, which has a search of its own.
        if order.len() > 1 && order.contains(&ContentMd5) {
            let line = |line: &Line| if *line == ContentMd5 { Body } else { *line };
            with_body.push(order.iter().map(line).collect());
        }
    }
    orders.append(&mut with_body);
    for other in 0..others.min(OTHER_HEADERS_MAX) {
        for place in 0..=Line::ALL.len() {
            let mut order = Line::ALL.to_vec();
            order.insert(place, Line::Other(other));
            orders.push(order);
        }
    }
    for first in 0..others.min(PAIRED_HEADERS_MAX) {
        for second in (0..others.min(PAIRED_HEADERS_MAX)).filter(|second| *second != first) {
            for place in 0..=Line::ALL.len() {
                let mut order = Line::ALL.to_vec();
                order.splice(place..place, [Line::Other(first), Line::Other(second)]);
                orders.push(order);
            }
        }
    }
    for form in 0..NAMES.len() {
        let [md5, content_type, date] = [0, 1, 2].map(|line| Line::Named(form * 3 + line));
        orders.push(Vec::from([Method, md5, content_type, date, Path]));
        orders.push(Vec::from([Method, ContentMd5, ContentType, date, Path]));
    }
    let mut seen = BTreeSet::from([Line::ALL.to_vec()]);
    for order in orders {
        if !seen.insert(order.clone()) {
            continue;
        }
        let common = COMMON_ORDERS.contains(&order.as_slice());
        variants.push(Variant {
            findings: Vec::from([Finding::new(code(&order), message(&order))]),
            value: order,
            common,
        });
    }
    variants
}

fn code(order: &[Line]) -> FindingCode {
    let is_other = |line: &Line| matches!(line, Line::Other(_) | Line::Named(_));
    if order.iter().any(is_other) {
        FindingCode::HeaderSigned
    } else if order.contains(&Body) {
        FindingCode::BodyAmongLines
    } else {
        FindingCode::WrongOrder
    }
}

/// Adds every order of all lines and of some of them. The depth is five.
fn permute(begun: &mut Vec<Line>, rest: &[Line], orders: &mut Vec<Vec<Line>>) {
    if !begun.is_empty() {
        orders.push(begun.clone());
    }
    for line in rest {
        let others: Vec<Line> = rest
            .iter()
            .filter(|other| *other != line)
            .copied()
            .collect();
        begun.push(*line);
        permute(begun, &others, orders);
        begun.pop();
    }
}

fn message(order: &[Line]) -> String {
    let mut message = String::from(if order.len() == 1 {
        "One line alone was signed: "
    } else {
        "The lines were signed in the order "
    });
    for (number, line) in order.iter().enumerate() {
        if number > 0 {
            message.push_str(", ");
        }
        message.push_str(line.name());
    }
    let has_names = order.iter().any(|line| matches!(line, Line::Named(_)));
    let absent = Line::ALL
        .iter()
        .filter(|line| !has_names && !order.contains(line));
    for (number, line) in absent.enumerate().filter(|_| order.len() > 1) {
        message.push_str(if number == 0 { ", without " } else { " and " });
        message.push_str(line.name());
    }
    message.push('.');
    message
}

/// What is before the first part, between the parts, and after the last.
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
            "A backslash and the letter n were between the parts, as from single quotes.",
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
        (
            "n",
            "The letter n stood between the parts, as from a backslash that was lost.",
            false,
        ),
        (
            "/n",
            "A slash and the letter n were between the parts, in place of a line feed.",
            false,
        ),
        (
            "\\\\n",
            "Two backslashes and the letter n were between the parts.",
            false,
        ),
        ("rn", "The letters rn stood between the parts.", false),
        (
            "%0A",
            "An escaped line feed, `%0A`, stood between the parts.",
            false,
        ),
        ("<br>", "HTML line breaks stood between the parts.", false),
        ("<br />", "HTML line breaks stood between the parts.", false),
        ("\n\r", "The parts were joined by LF CR.", false),
        (" \n", "A space stood before each line feed.", false),
        ("\n ", "A space stood after each line feed.", false),
        ("::", "The parts were joined by two colons.", false),
        ("||", "The parts were joined by two pipes.", false),
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
        ("", "\n\n", "Two line feeds followed the last part.", false),
        (
            "\n",
            "\n",
            "A line feed stood before the first part and after the last.",
            false,
        ),
        (
            "\"",
            "\"",
            "The parts were signed with quotes around them.",
            false,
        ),
        (
            "\u{feff}",
            "",
            "A byte-order mark stood before the first part.",
            false,
        ),
        ("", "\0", "A NUL byte followed the last part.", false),
        (
            "",
            right,
            "Another separator followed the last part.",
            false,
        ),
        (right, "", "A separator stood before the first part.", false),
    ] {
        let separator = Separator {
            before,
            between: right,
            after,
        };
        if variants.iter().all(|known| known.value != separator) {
            variants.push(Variant {
                value: separator,
                findings: Vec::from([finding(message)]),
                common,
            });
        }
    }
    variants.extend(lists().chain(indented()).map(|(value, message)| Variant {
        value,
        findings: Vec::from([finding(message)]),
        common: false,
    }));
    variants
}

/// What languages print for a list of the parts.
fn lists() -> impl Iterator<Item = (Separator, &'static str)> {
    [
        ("[\"", "\",\"", "\"]"),
        ("[\"", "\", \"", "\"]"),
        ("['", "', '", "']"),
        ("('", "', '", "')"),
        ("[", ", ", "]"),
        ("[", " ", "]"),
    ]
    .into_iter()
    .map(|(before, between, after)| {
        let separator = Separator {
            before,
            between,
            after,
        };
        (
            separator,
            "The parts were signed as the text of a list, not joined.",
        )
    })
}

/// The indentation of a text over several lines, as in a template literal or a here-document.
fn indented() -> impl Iterator<Item = (Separator, &'static str)> {
    const SPACES: &str = "\n                ";
    const TABS: &str = "\n\t\t\t\t";
    let spaces = [2, 4, 6, 8, 10, 12, 16].map(|width| (SPACES, width));
    let tabs = [1, 2, 3].map(|width| (TABS, width));
    spaces.into_iter().chain(tabs).flat_map(|(from, width)| {
        let indent = from.get(..=width).unwrap_or_default();
        [
            ("", ""),
            (indent, ""),
            (indent, "\n"),
            (indent, indent),
            ("", "\n"),
        ]
        .map(|(before, after)| {
            let separator = Separator {
                before,
                between: indent,
                after,
            };
            (
                separator,
                "The lines were indented: white space of the source code was signed with them.",
            )
        })
    })
}
