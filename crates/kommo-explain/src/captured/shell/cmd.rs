//! Words by the rules of Windows: `cmd.exe` takes carets away, then the program splits the line.
//!
//! ```text
//! ^"{^\^"a^\^":1}^"  ── cmd.exe ──>  "{\"a\":1}"  ── the program ──>  {"a":1}
//! ```

use alloc::vec::Vec;

use super::word::Words;
use crate::captured::capture_error::{CaptureErrorKind, Fault};
use crate::captured::cursor::Cursor;

pub(crate) fn split(text: &[u8]) -> Result<Words, Fault> {
    let mut cursor = Cursor::of(text);
    let line = line(&mut cursor)?;
    Ok(words(&line)?.end(cursor.rest()))
}

/// A byte of the line that the program is given, and where it is in the text.
type Placed = (u8, usize);

/// The first command, without carets.
fn line(cursor: &mut Cursor<'_>) -> Result<Vec<Placed>, Fault> {
    let mut line: Vec<Placed> = Vec::new();
    let mut is_quoted = false;
    while let Some(byte) = cursor.peek() {
        let at = cursor.at();
        match byte {
            b'^' if !is_quoted => {
                cursor.take();
                // The line continues, and what comes first there is taken as it is.
                let continues = cursor.take_line_end();
                if continues && cursor.take_line_end() {
                    line.push((b'\n', at));
                } else if let Some(byte) = cursor.take() {
                    line.push((byte, at));
                }
                continue;
            }
            b'\r' | b'\n' => {
                if line.iter().any(|(byte, _)| !byte.is_ascii_whitespace()) {
                    return Ok(line);
                }
                cursor.take_line_end();
                continue;
            }
            b'<' if !is_quoted => return Err(Fault::new(CaptureErrorKind::Redirection, at)),
            b'&' if !is_quoted => {
                let is_word = |(byte, _): &Placed| !byte.is_ascii_whitespace();
                if line.last().is_some_and(is_word) {
                    return Err(Fault::new(CaptureErrorKind::LooseAmpersand, at));
                }
                cursor.take();
                return Ok(line);
            }
            b'|' | b'>' if !is_quoted => {
                // A pipe takes the answer, which is not asked for here.
                cursor.skip_line();
                return Ok(line);
            }
            b'"' => is_quoted = !is_quoted,
            _ => {}
        }
        cursor.take();
        line.push((byte, at));
    }
    Ok(line)
}

/// Splits as the C runtime of Windows does: quotes group, `\"` is a quote, and so is a doubled one
/// within quotes.
fn words(line: &[Placed]) -> Result<Words, Fault> {
    let mut words = Words::default();
    let mut quote = None;
    let mut backslashes = 0;
    let mut rest = line.iter().copied().peekable();
    while let Some((byte, at)) = rest.next() {
        if byte == b'\\' {
            words.open(at);
            backslashes += 1;
            continue;
        }
        // Before a quote two of them are one; elsewhere each is itself.
        let (kept, is_escaped) = match byte {
            b'"' => (backslashes / 2, backslashes % 2 == 1),
            _ => (backslashes, false),
        };
        backslashes = 0;
        (0..kept).for_each(|_| words.push(b'\\', at));
        let next = rest.peek().map(|(next, _)| *next);
        let is_doubled = quote.is_some() && next == Some(b'"');
        match byte {
            b'"' if is_escaped => words.push(b'"', at),
            b'"' if is_doubled => {
                rest.next();
                words.push(b'"', at);
            }
            b'"' => {
                words.open(at);
                quote = match quote {
                    None => Some(at),
                    Some(_) => None,
                };
            }
            b' ' | b'\t' if quote.is_none() => words.end_word(),
            byte => words.push(byte, at),
        }
    }
    let end = line.last().map_or(0, |(_, at)| *at);
    (0..backslashes).for_each(|_| words.push(b'\\', end));
    match quote {
        Some(at) => Err(Fault::new(CaptureErrorKind::OpenQuote, at)),
        None => Ok(words),
    }
}
