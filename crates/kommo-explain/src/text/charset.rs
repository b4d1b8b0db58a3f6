//! Text in another character set than UTF-8, as signers hash it by mistake, and the way back where
//! there is one.

use alloc::string::String;
use alloc::vec::Vec;

/// The upper half of Windows-1251, from `0x80` on. Source: the WHATWG index of that encoding;
/// `0x98` is unused there too.
const WINDOWS_1251: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя";

/// The part of Windows-1252 that differs from Latin-1, `0x80` to `0x9f`.
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// What was signed in place of this text, and how to say so; nothing for plain ASCII.
pub(crate) fn signed_instead(text: &str) -> Vec<(Vec<u8>, &'static str)> {
    let mut variants = utf_16(text);
    if text.is_ascii() {
        return variants;
    }
    let mut add = |bytes: Vec<u8>, message: &'static str| variants.push((bytes, message));
    for (marks, message) in [
        (
            per_unit as fn(char) -> usize,
            "The text was signed as ASCII, with question marks in place of other letters.",
        ),
        (
            |_| 1,
            "The text was signed as ASCII, with a question mark in place of each other letter.",
        ),
        (
            char::len_utf8,
            "The text was signed as ASCII, with a question mark in place of each other byte.",
        ),
    ] {
        add(
            replaced(text, |c| !c.is_ascii(), |c| "?".repeat(marks(c))),
            message,
        );
    }
    let is_astral = |c: char| c.len_utf8() == 4;
    let message = "The text was signed with question marks in place of its emoji, as from a database without them.";
    for marks in ["?", "??", "????"] {
        add(replaced(text, is_astral, |_| marks.into()), message);
    }
    let message = "The text was signed with the replacement character in place of its emoji.";
    add(replaced(text, is_astral, |_| "\u{fffd}".into()), message);
    add(
        replaced(text, is_astral, |_| String::new()),
        "The text was signed without its emoji.",
    );
    let message = "The text was signed without the letters that ASCII does not have.";
    add(
        replaced(text, |c| !c.is_ascii(), |_| String::new()),
        message,
    );
    add(
        in_charset(text, latin_1),
        "The text was signed as Latin-1, not as UTF-8.",
    );
    add(
        in_charset(text, windows_1252),
        "The text was signed as Windows-1252, not as UTF-8.",
    );
    add(
        in_charset(text, windows_1251),
        "The text was signed as Windows-1251, not as UTF-8.",
    );
    #[expect(
        clippy::cast_possible_truncation,
        reason = "that is the mistake: the lower byte of each UTF-16 unit"
    )]
    let low_bytes = text.encode_utf16().map(|unit| unit as u8).collect();
    add(
        low_bytes,
        "The text was signed as the lower bytes of its UTF-16 units, as by `binary` in JavaScript.",
    );
    add(
        read_as(text.as_bytes(), char::from).into_bytes(),
        "The text was encoded as UTF-8 twice before it was signed.",
    );
    add(
        cesu_8(text),
        "The text was signed as CESU-8: its emoji as two surrogates of three bytes each.",
    );
    variants
}

/// What these bytes were before they were read in another character set, and how to say so.
pub(crate) fn undone(bytes: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let mut variants = Vec::new();
    if let Some(text) = from_utf_16(bytes) {
        let message =
            "The body came as UTF-16, as a file that PowerShell wrote, and was signed as UTF-8.";
        variants.push((text.into_bytes(), message));
    }
    let Ok(text) = core::str::from_utf8(bytes) else {
        let text = read_as(bytes, |byte| upper_half(byte, WINDOWS_1251, 0x80));
        let message = "The body came as Windows-1251, and was signed as UTF-8.";
        variants.push((text.into_bytes(), message));
        let text = read_as(bytes, char::from);
        let message = "The body came as Latin-1, and was signed as UTF-8.";
        variants.push((text.into_bytes(), message));
        return variants;
    };
    if text.is_ascii() {
        return variants;
    }
    let message =
        "The body came as UTF-8 that was read in another character set and encoded again.";
    for charset in [
        latin_1 as fn(char) -> Option<u8>,
        windows_1252,
        windows_1251,
    ] {
        let bytes: Option<Vec<u8>> = text.chars().map(charset).collect();
        if let Some(bytes) = bytes.filter(|bytes| core::str::from_utf8(bytes).is_ok()) {
            variants.push((bytes, message));
        }
    }
    variants
}

fn per_unit(c: char) -> usize {
    c.len_utf16()
}

fn replaced(text: &str, is_lost: impl Fn(char) -> bool, with: impl Fn(char) -> String) -> Vec<u8> {
    let mut replaced = String::with_capacity(text.len());
    for c in text.chars() {
        if is_lost(c) {
            replaced.push_str(&with(c));
        } else {
            replaced.push(c);
        }
    }
    replaced.into_bytes()
}

fn in_charset(text: &str, charset: fn(char) -> Option<u8>) -> Vec<u8> {
    text.chars().map(|c| charset(c).unwrap_or(b'?')).collect()
}

fn latin_1(c: char) -> Option<u8> {
    u8::try_from(u32::from(c)).ok()
}

fn windows_1252(c: char) -> Option<u8> {
    if c.is_ascii() {
        return latin_1(c);
    }
    place(c, WINDOWS_1252).or_else(|| latin_1(c).filter(|byte| !(0x80..0xa0).contains(byte)))
}

fn windows_1251(c: char) -> Option<u8> {
    if c.is_ascii() {
        return latin_1(c);
    }
    place(c, WINDOWS_1251)
}

/// The byte of a character in a table that begins at `0x80`.
fn place(c: char, table: &str) -> Option<u8> {
    let number = table.chars().position(|known| known == c)?;
    u8::try_from(number).ok()?.checked_add(0x80)
}

fn upper_half(byte: u8, table: &str, first: u8) -> char {
    let number = byte.checked_sub(first).map(usize::from);
    number
        .and_then(|number| table.chars().nth(number))
        .unwrap_or(char::from(byte))
}

fn read_as(bytes: &[u8], charset: impl Fn(u8) -> char) -> String {
    bytes.iter().map(|byte| charset(*byte)).collect()
}

fn utf_16(text: &str) -> Vec<(Vec<u8>, &'static str)> {
    let units =
        |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
    let message = "The text was signed as UTF-16, not as UTF-8.";
    let marked = |mark: [u8; 2], bytes: &[u8]| [&mark[..], bytes].concat();
    Vec::from([
        (marked([0xff, 0xfe], &little), message),
        (marked([0xfe, 0xff], &big), message),
        (little, message),
        (big, message),
    ])
}

fn from_utf_16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] | [1..=0xff, 0, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] | [0, 1..=0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let units = pairs.map(|pair| match pair {
        [first, second] => unit([*first, *second]),
        _ => 0,
    });
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.ok()?;
    Some(
        text.strip_prefix('\u{feff}')
            .map_or(text.clone(), Into::into),
    )
}

fn cesu_8(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        if c.len_utf16() == 1 {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let [high, low] = unit.to_be_bytes();
            let middle = (high & 0x0f) << 2 | low >> 6;
            bytes.extend_from_slice(&[0xe0 | high >> 4, 0x80 | middle, 0x80 | low & 0x3f]);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{signed_instead, undone};

    #[test]
    fn a_text_is_known_in_every_character_set() {
        let all: Vec<Vec<u8>> = signed_instead("Вé😍")
            .into_iter()
            .map(|(bytes, _)| bytes)
            .collect();
        for bytes in [
            &b"????"[..],
            b"???",
            b"????????",
            "Вé?".as_bytes(),
            "Вé????".as_bytes(),
            b"\xc2??",
            b"\x12\xe9\x3d\x0d",
            b"\xd0\x92\xc3\xa9\xed\xa0\xbd\xed\xb8\x8d",
        ] {
            assert!(all.iter().any(|known| known == bytes), "{bytes:x?}");
        }
        assert!(
            signed_instead("plain")
                .iter()
                .all(|(bytes, _)| bytes.len() >= 10)
        );
    }

    #[test]
    fn a_text_that_was_read_in_another_character_set_is_found_again() {
        let text = "{\"a\":\"Вася 😍\"}".as_bytes();
        for bytes in [
            "{\"a\":\"Ð\u{92}Ð°Ñ\u{81}Ñ\u{8f} ð\u{9f}\u{98}\u{8d}\"}"
                .as_bytes()
                .to_vec(),
            "{\"a\":\"Р’Р°СЃСЏ рџ\u{98}Ќ\"}".as_bytes().to_vec(),
        ] {
            assert!(
                undone(&bytes).iter().any(|(found, _)| found == text),
                "{bytes:x?}"
            );
        }
        let cyrillic = b"{\"a\":\"\xc2\xe0\xf1\xff\"}";
        let text = "{\"a\":\"Вася\"}".as_bytes();
        assert!(undone(cyrillic).iter().any(|(found, _)| found == text));
        let file = b"\xff\xfe{\0\"\0a\0\"\0:\x001\0}\0\r\0\n\0";
        assert!(
            undone(file)
                .iter()
                .any(|(found, _)| found == b"{\"a\":1}\r\n")
        );
    }
}
