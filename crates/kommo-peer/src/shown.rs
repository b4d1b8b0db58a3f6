//! Texts of a peer for a terminal, a log line, or JSON that we write.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};

use crate::hidden::is_hidden;

/// A text with U+FFFD instead of each [hidden](is_hidden) character: one line, as long as the
/// text.
#[must_use]
pub const fn replaced(text: &str, max_characters: usize) -> Replaced<'_> {
    Replaced {
        text,
        max_characters,
    }
}

/// See [`replaced`].
#[derive(Clone, Copy, Debug)]
pub struct Replaced<'a> {
    text: &'a str,
    max_characters: usize,
}

impl fmt::Display for Replaced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let characters = self.text.chars().take(self.max_characters);
        for character in characters {
            f.write_char(if is_hidden(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            })?;
        }
        Ok(())
    }
}

/// A text with each [hidden](is_hidden) character as JSON escapes it, such as `\u009b`: one line.
#[must_use]
pub const fn escaped(text: &str) -> Escaped<'_> {
    Escaped { text, kept: "" }
}

/// The same with tabs and line feeds left as they are: a text of several lines for a terminal.
#[must_use]
pub const fn escaped_lines(text: &str) -> Escaped<'_> {
    Escaped { text, kept: "\t\n" }
}

/// See [`escaped`] and [`escaped_lines`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    text: &'a str,
    /// The hidden characters that stay.
    kept: &'static str,
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.text.chars() {
            match character {
                _ if !is_hidden(character) || self.kept.contains(character) => {
                    f.write_char(character)?;
                }
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ => write_escape(character, f)?,
            }
        }
        Ok(())
    }
}

/// JSON that says the same, with an escape instead of each [hidden](is_hidden) character of
/// its texts. What is between the texts stays: JSON has no such character there but white
/// space.
///
/// # Examples
///
/// ```
/// # use kommo_peer::escaped_json;
/// assert_eq!(escaped_json("[\"a\u{7f}\",\n\"\u{e0041}\"]"), "[\"a\\u007f\",\n\"\\udb40\\udc41\"]");
/// ```
#[must_use]
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    let is_to_escape = |character: char| is_hidden(character) && character > '\u{1f}';
    if !json.contains(is_to_escape) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_to_escape(character) {
            // Writing into a text does not fail.
            let _ = write_escape(character, &mut escaped);
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Four hexadecimal digits for each unit of UTF-16.
fn write_escape(character: char, f: &mut impl Write) -> fmt::Result {
    for unit in character.encode_utf16(&mut [0; 2]) {
        write!(f, "\\u{unit:04x}")?;
    }
    Ok(())
}
