//! Whether an answer repeats what was sent: the peer may have put a secret, or a piece of
//! one, where an id is expected.

use std::collections::HashSet;

use crate::transport::raw_response::RawResponse;

/// A UUID has 36; the longest secret that could be in hex has 64.
const REQUEST_ID_MAX_BYTES: usize = 40;

/// A text that repeats this number of bytes of a secret in a row is withheld. Fewer are in ordinary
/// words by chance.
const PIECE_BYTES: usize = 12;

/// The header `X-Request-Id`, if it has the form of one and neither is a piece of what was sent nor
/// has one in it.
pub(crate) fn request_id<'a>(response: &'a RawResponse, sent: &[u8]) -> Option<&'a str> {
    response.request_id().filter(|id| is_harmless(id, sent))
}

fn is_harmless(id: &str, sent: &[u8]) -> bool {
    let is_hex = id
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_id = is_hex && (1..=REQUEST_ID_MAX_BYTES).contains(&id.len());
    is_id && !has(sent, id.as_bytes()) && !repeats(id.as_bytes(), sent)
}

/// Whether a text has a piece of a secret in it, or the whole of a short one.
pub(crate) fn repeats(text: &[u8], secret: &[u8]) -> bool {
    let piece = PIECE_BYTES.min(secret.len()).max(1);
    // A whole answer may be looked through, so a look is not a search.
    let of_secret: HashSet<&[u8]> = secret.windows(piece).collect();
    text.windows(piece).any(|piece| of_secret.contains(piece))
}

fn has(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|window| window == piece)
}

#[cfg(test)]
mod tests {
    use super::{is_harmless, repeats};

    #[test]
    fn a_request_id_is_shown_only_if_it_is_one() {
        let sent = br#"{"refresh_token":"def50200aabb0011","client_secret":"s3cret"}"#;
        for id in ["0f8c-77", "6E8BC430-9C3A-11D9-9669-0800200C9A66"] {
            assert!(is_harmless(id, sent), "{id}");
        }
        let long = "0123456789abcdef0123456789abcdef012345678";
        for id in [
            "",
            "def50200aabb",
            "50200aab",
            "s3cret",
            "x-1",
            "a b",
            long,
            "77-def50200aabb-77",
        ] {
            assert!(!is_harmless(id, sent), "{id}");
        }
    }

    #[test]
    fn a_piece_of_a_secret_is_found_wherever_it_stands() {
        let secret = b"eyJ0.0123456789abcdefghij";
        for text in ["89abcdefghij", "Bearer eyJ0.0123456", "x6789abcdefghx"] {
            assert!(repeats(text.as_bytes(), secret), "{text}");
        }
        for text in ["", "status_id", "89abcdefghi", "Request validation failed"] {
            assert!(!repeats(text.as_bytes(), secret), "{text}");
        }
        assert!(repeats(b"a short one", b"short"));
        assert!(!repeats(b"anything", b""));
    }
}
