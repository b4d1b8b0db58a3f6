//! Words by the rules of a POSIX shell, with the `$'…'` of bash, which browsers write.

use super::word::Words;
use crate::captured::capture_error::{CaptureErrorKind, Fault};
use crate::captured::cursor::Cursor;

pub(crate) fn split(text: &[u8]) -> Result<Words, Fault> {
    let mut cursor = Cursor::of(text);
    let mut words = Words::default();
    while let Some(byte) = cursor.peek() {
        let at = cursor.at();
        match byte {
            b' ' | b'\t' => {
                cursor.take();
                words.end_word();
            }
            b'\r' | b'\n' => {
                if !words.is_empty() {
                    return Ok(words.end(cursor.rest()));
                }
                cursor.take_line_end();
            }
            b'#' if !words.is_open() => cursor.skip_line(),
            b'\\' => {
                cursor.take();
                if !cursor.take_line_end()
                    && let Some(byte) = cursor.take()
                {
                    words.push(byte, at);
                }
            }
            b'\'' => {
                cursor.take();
                single_quoted(&mut cursor, &mut words, at)?;
            }
            b'"' => {
                cursor.take();
                double_quoted(&mut cursor, &mut words, at)?;
            }
            b'$' => dollar(&mut cursor, &mut words)?,
            b'`' => return Err(Fault::new(CaptureErrorKind::Expansion, at)),
            b'<' => return Err(Fault::new(CaptureErrorKind::Redirection, at)),
            b'&' if words.is_open() => {
                return Err(Fault::new(CaptureErrorKind::LooseAmpersand, at));
            }
            b'>' => {
                words.drop_stream_number();
                return Ok(words.end(&[]));
            }
            b'&' | b'|' => return Ok(words.end(&[])),
            b';' => {
                cursor.take();
                return Ok(words.end(cursor.rest()));
            }
            byte => {
                cursor.take();
                words.push(byte, at);
            }
        }
    }
    Ok(words.end(&[]))
}

fn single_quoted(cursor: &mut Cursor<'_>, words: &mut Words, at: usize) -> Result<(), Fault> {
    words.open(at);
    loop {
        match cursor.take() {
            Some(b'\'') => return Ok(()),
            Some(byte) => words.push(byte, at),
            None => return Err(Fault::new(CaptureErrorKind::OpenQuote, at)),
        }
    }
}

fn double_quoted(cursor: &mut Cursor<'_>, words: &mut Words, at: usize) -> Result<(), Fault> {
    words.open(at);
    loop {
        let here = cursor.at();
        match cursor.take() {
            Some(b'"') => return Ok(()),
            Some(b'\\') => match cursor.peek() {
                Some(byte @ (b'"' | b'\\' | b'$' | b'`')) => {
                    cursor.take();
                    words.push(byte, at);
                }
                Some(b'\r' | b'\n') => {
                    cursor.take_line_end();
                }
                _ => words.push(b'\\', at),
            },
            Some(b'$') if begins_expansion(cursor.peek()) => {
                return Err(Fault::new(CaptureErrorKind::Expansion, here));
            }
            Some(b'`') => return Err(Fault::new(CaptureErrorKind::Expansion, here)),
            Some(byte) => words.push(byte, at),
            None => return Err(Fault::new(CaptureErrorKind::OpenQuote, at)),
        }
    }
}

/// What follows a dollar sign that is more than a dollar sign.
fn begins_expansion(next: Option<u8>) -> bool {
    next.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_{(@*#?!-$".contains(&byte))
}

fn dollar(cursor: &mut Cursor<'_>, words: &mut Words) -> Result<(), Fault> {
    let at = cursor.at();
    cursor.take();
    match cursor.peek() {
        Some(b'\'') => {
            cursor.take();
            escaped(cursor, words, at)
        }
        // A text to be translated, which is the text itself where no translation is.
        Some(b'"') => {
            cursor.take();
            double_quoted(cursor, words, at)
        }
        next if begins_expansion(next) => Err(Fault::new(CaptureErrorKind::Expansion, at)),
        _ => {
            words.push(b'$', at);
            Ok(())
        }
    }
}

/// The rest of `$'…'`.
fn escaped(cursor: &mut Cursor<'_>, words: &mut Words, at: usize) -> Result<(), Fault> {
    words.open(at);
    loop {
        match cursor.take() {
            Some(b'\'') => return Ok(()),
            Some(b'\\') => escape(cursor, words, at),
            Some(byte) => words.push(byte, at),
            None => return Err(Fault::new(CaptureErrorKind::OpenQuote, at)),
        }
    }
}

/// What follows a backslash in `$'…'`. An escape that there is not stays as it is.
fn escape(cursor: &mut Cursor<'_>, words: &mut Words, at: usize) {
    let Some(byte) = cursor.peek() else { return };
    if byte.is_ascii_digit() && byte < b'8' {
        let number = cursor.take_number(8, 3).unwrap_or_default();
        return words.push(low_byte(number), at);
    }
    cursor.take();
    let digits = match byte {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        return match (byte, cursor.take_number(16, digits)) {
            (b'x', Some(number)) => words.push(low_byte(number), at),
            (_, Some(number)) => push_character(words, number, at),
            (_, None) => {
                words.push(b'\\', at);
                words.push(byte, at);
            }
        };
    }
    let meant = match byte {
        b'a' => 0x07,
        b'b' => 0x08,
        b'e' | b'E' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' | b'\'' | b'"' | b'?' => byte,
        b'c' => match cursor.take() {
            Some(letter) => letter & 0x1f,
            None => return words.push(b'\\', at),
        },
        _ => {
            words.push(b'\\', at);
            byte
        }
    };
    words.push(meant, at);
}

const fn low_byte(number: u32) -> u8 {
    number.to_le_bytes()[0]
}

fn push_character(words: &mut Words, number: u32, at: usize) {
    let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
    let mut buffer = [0; 4];
    for byte in character.encode_utf8(&mut buffer).bytes() {
        words.push(byte, at);
    }
}
