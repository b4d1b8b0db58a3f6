//! The query of a request: unsigned (rule S6), yet sent as it was given.

use crate::error::ParseQueryError;

/// The query of a request, without the `?` in front of it.
///
/// The signature does not cover it. It is checked all the same, so that what is sent is what was
/// written: a character that an HTTP library would escape is refused rather than rewritten.
///
/// Source: rules S6 and S13 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_http::{ParseQueryError, RequestQuery};
/// assert_eq!(RequestQuery::parse("limit=50&offset=0")?.as_str(), "limit=50&offset=0");
/// assert_eq!(RequestQuery::parse("a b").map_err(|error| error.offset), Err(1));
/// # Ok::<(), ParseQueryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestQuery<'a> {
    text: &'a str,
}

impl<'a> RequestQuery<'a> {
    /// Checks a query. Never panics, never allocates. An empty one stays an empty one: the URL ends
    /// with `?`.
    ///
    /// Admitted are the `query` characters of RFC 3986 without the quote, and whole escapes.
    ///
    /// # Errors
    ///
    /// `"a b"`, `"a#b"`, `"a'b"`, `"a\nb"`, `"é"`, `"%zz"`: [`ParseQueryError`], with the offset.
    pub fn parse(text: &'a str) -> Result<Self, ParseQueryError> {
        let bytes = text.as_bytes();
        for (offset, byte) in bytes.iter().enumerate() {
            let is_fine = match byte {
                b'%' => is_escape(bytes.get(offset + 1..)),
                _ => is_query_byte(*byte),
            };
            if !is_fine {
                return Err(ParseQueryError { offset });
            }
        }
        Ok(Self { text })
    }

    /// The query as it will be sent, without the `?`.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }
}

fn is_escape(rest: Option<&[u8]>) -> bool {
    matches!(rest, Some([high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

const fn is_query_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'(' | b')'
        )
        || matches!(
            byte,
            b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' | b'/' | b'?'
        )
}
