//! Texts of the platform's error bodies, made fit for a log line.
//!
//! An error body may come from anything between us and the platform. So a text is cut, characters
//! that move a cursor or turn the reading direction are replaced, and long runs of hex digits are
//! left out: an answer that repeats our signature must not carry it into a log (invariant I8).

use alloc::format;
use alloc::string::String;

use kommo_peer::is_hidden;

/// Longest text that is kept of one field of an error body, in characters; a cut one has a `…`
/// after them.
pub const MAX_TEXT_CHARACTERS: usize = 300;

/// A signature has 40 hex digits. A UUID's longest run is 12, a usual trace id has 32.
const SECRET_LOOKING_HEX_DIGITS: usize = 40;

/// Cuts and cleans.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = Limited {
        text: String::new(),
        free: MAX_TEXT_CHARACTERS,
    };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hex_digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let piece_length = hex_digits.max(first.len_utf8());
        let Some((piece, after)) = rest.split_at_checked(piece_length) else {
            break;
        };
        let fits = if hex_digits >= SECRET_LOOKING_HEX_DIGITS {
            cleaned.push(&format!("[{hex_digits} hex digits]"))
        } else {
            cleaned.push(piece)
        };
        if !fits {
            break;
        }
        rest = after;
    }
    cleaned.text
}

struct Limited {
    text: String,
    free: usize,
}

impl Limited {
    /// Appends; false, and an ellipsis, if not everything fits.
    fn push(&mut self, piece: &str) -> bool {
        for character in piece.chars() {
            let Some(free) = self.free.checked_sub(1) else {
                self.text.push('…');
                return false;
            };
            self.free = free;
            self.text.push(readable(character));
        }
        true
    }
}

/// What could move a cursor, turn the reading direction or hide becomes U+FFFD.
fn readable(character: char) -> char {
    if is_hidden(character) {
        char::REPLACEMENT_CHARACTER
    } else {
        character
    }
}
