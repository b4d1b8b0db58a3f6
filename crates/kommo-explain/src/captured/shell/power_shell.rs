//! Words by the rules of PowerShell, for `curl.exe`.
//!
//! Before version 7.3 PowerShell passes quotes within a word without escaping them, so people write
//! `\"`. Since a word with `\"` in it can hardly be meant otherwise, it is a quote here.

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
            b'`' => {
                cursor.take();
                if !cursor.take_line_end() {
                    escape(&mut cursor, &mut words, at);
                }
            }
            quote @ (b'\'' | b'"') => {
                cursor.take();
                quoted(&mut cursor, &mut words, quote, at)?;
            }
            b'\\' if cursor.peek_second() == Some(b'"') => {
                cursor.take();
                cursor.take();
                words.push(b'"', at);
            }
            b'$' if begins_expansion(cursor.peek_second()) => {
                return Err(Fault::new(CaptureErrorKind::Expansion, at));
            }
            b'<' => return Err(Fault::new(CaptureErrorKind::Redirection, at)),
            b'&' if words.is_open() => {
                return Err(Fault::new(CaptureErrorKind::LooseAmpersand, at));
            }
            // The call operator, before the command.
            b'&' => {
                cursor.take();
            }
            b'>' => {
                words.drop_stream_number();
                return Ok(words.end(&[]));
            }
            b'|' => return Ok(words.end(&[])),
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

fn begins_expansion(next: Option<u8>) -> bool {
    next.is_some_and(|byte| byte.is_ascii_alphabetic() || b"_{($?^".contains(&byte))
}

/// The rest of a quoted text; the quote itself is doubled within it.
fn quoted(cursor: &mut Cursor<'_>, words: &mut Words, quote: u8, at: usize) -> Result<(), Fault> {
    words.open(at);
    loop {
        let here = cursor.at();
        match cursor.take() {
            Some(byte) if byte == quote => {
                if cursor.peek() != Some(quote) {
                    return Ok(());
                }
                cursor.take();
                words.push(quote, at);
            }
            Some(b'\\') if quote == b'\'' && cursor.peek() == Some(b'"') => {
                cursor.take();
                words.push(b'"', at);
            }
            // In double quotes the quote behind it would end the text, unless it has a back-tick.
            Some(b'\\') if quote == b'"' && cursor.rest().starts_with(b"`\"") => {
                cursor.take();
                cursor.take();
                words.push(b'"', at);
            }
            Some(b'`') if quote == b'"' => escape(cursor, words, at),
            Some(b'$') if quote == b'"' && begins_expansion(cursor.peek()) => {
                return Err(Fault::new(CaptureErrorKind::Expansion, here));
            }
            Some(byte) => words.push(byte, at),
            None => return Err(Fault::new(CaptureErrorKind::OpenQuote, at)),
        }
    }
}

/// What follows a back-tick.
fn escape(cursor: &mut Cursor<'_>, words: &mut Words, at: usize) {
    let meant = match cursor.take() {
        None => return,
        Some(b'0') => 0,
        Some(b'a') => 0x07,
        Some(b'b') => 0x08,
        Some(b'e') => 0x1b,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'v') => 0x0b,
        Some(byte) => byte,
    };
    words.push(meant, at);
}
