//! The bytes of an answer as a JSON parser takes them: UTF-8 without a mark, and no half of a
//! surrogate pair.
//!
//! A parser refuses the whole of an answer for one bad letter in one title. Who reads a page of 250
//! entities, or a pair of tokens that comes once, has nothing from that.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// Makes a body fit for a JSON parser. Never panics. Borrows if there is nothing to do, which is
/// the rule.
///
/// - One byte-order mark in front is left out.
/// - UTF-16 becomes UTF-8; it is known by its mark, or by the zero beside the first, ASCII,
///   character.
/// - What is not UTF-8 becomes U+FFFD, and so does an escape that is half of a surrogate pair.
///
/// # Security
///
/// An owned result is a copy of the body, with all secrets in it. Wipe it if there are
/// some.
#[must_use]
pub fn json_text(body: &[u8]) -> Cow<'_, [u8]> {
    let text = in_utf8(body);
    let Some(first) = next_lone(&text, 0) else {
        return text;
    };
    let mut text = text.into_owned();
    let mut lone = Some(first);
    while let Some(at) = lone {
        // Instead of it, so that the line and column of an error stay those of the body.
        if let Some(digits) = text.get_mut(at..at + DIGITS) {
            digits.copy_from_slice(b"fffd");
        }
        lone = next_lone(&text, at + DIGITS);
    }
    Cow::Owned(text)
}

const DIGITS: usize = 4;

fn in_utf8(body: &[u8]) -> Cow<'_, [u8]> {
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => repaired(rest),
        [0xff, 0xfe, rest @ ..] => of_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => of_utf16(rest, u16::from_be_bytes),
        [1..=0x7f, 0, ..] => of_utf16(body, u16::from_le_bytes),
        [0, 1..=0x7f, ..] => of_utf16(body, u16::from_be_bytes),
        _ => repaired(body),
    }
}

fn repaired(body: &[u8]) -> Cow<'_, [u8]> {
    match String::from_utf8_lossy(body) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn of_utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, [u8]> {
    // INVARIANT: a unit is three bytes at most, so the text never moves and leaves no copy of a
    // secret in memory.
    let mut text = String::with_capacity(body.len() / 2 * 3 + 3);
    let units = body.chunks(2).map(|pair| match pair {
        [low, high] => unit([*low, *high]),
        // A cut one.
        _ => 0xfffd,
    });
    text.extend(char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)));
    Cow::Owned(Vec::from(text))
}

/// Where the digits of the next escape are that is half of a surrogate pair, at or after a
/// position that is not within an escape.
fn next_lone(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text.get(at..)?.iter().position(|byte| *byte == b'\\')? + 1;
        if text.get(at) != Some(&b'u') {
            // Also past an escaped backslash, after which a `u` means nothing.
            at += 1;
            continue;
        }
        let digits = at + 1;
        match unit_at(text, digits) {
            Some(0xd800..=0xdbff) => {
                let low = digits + DIGITS + 2;
                let is_pair = text.get(digits + DIGITS..low) == Some(b"\\u")
                    && matches!(unit_at(text, low), Some(0xdc00..=0xdfff));
                if !is_pair {
                    return Some(digits);
                }
                at = low + DIGITS;
            }
            Some(0xdc00..=0xdfff) => return Some(digits),
            _ => at = digits,
        }
    }
}

fn unit_at(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at.checked_add(DIGITS)?)?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}
