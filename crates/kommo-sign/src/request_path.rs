//! The path that is signed, and the proof that an HTTP library will send it as it was signed.
//!
//! The signature covers the path as text. Libraries rewrite some paths on their way out: they
//! resolve `.` and `..` (and `%2e`), turn `\` into `/`, drop tabs, escape quotes, braces and
//! non-ASCII, and some decode escapes of characters that need none. Whatever is rewritten after
//! signing is refused by the server with a bare 403, so such a path is refused here, with its
//! offset. What is left is the `pchar` of RFC 3986 without quotes, and escapes, in upper case, of
//! what cannot be there bare: no library that we tried changes these.

use core::{error, fmt};

/// The path of a request as it is sent: no scheme, no host, no query, no fragment.
///
/// Source: rules S6, S11 and S13 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_sign::{ParsePathError, RequestPath};
/// let path = RequestPath::parse("https://amojo.kommo.com/v2/origin/custom/x/connect?limit=1")?;
/// assert_eq!(path.as_str(), "/v2/origin/custom/x/connect");
/// assert_eq!(RequestPath::parse("/a/../b"), Err(ParsePathError::DotSegment { offset: 3 }));
/// # Ok::<(), ParsePathError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestPath<'a> {
    text: &'a str,
}

impl<'a> RequestPath<'a> {
    /// Takes a path or a full `http://` or `https://` URL and keeps the path alone.
    ///
    /// A URL without a path means `/`. Offsets count bytes from the start of what was given. Never
    /// panics, never allocates.
    ///
    /// # Errors
    ///
    /// - `""`: [`ParsePathError::Empty`].
    /// - `"v2/x"` or `"ftp://h/x"`: [`ParsePathError::NotAbsolute`].
    /// - `"https:///x"`: [`ParsePathError::NoHost`]; `"//host/x"` and `"https://h//host/x"`:
    ///   [`ParsePathError::DoubleSlash`], since a URL made of such a path has another host.
    /// - `"/a b"`, `"/a\nb"`, `"/a\\b"`, `"/{id}"`, `"/\u{e9}"`: [`ParsePathError::Character`].
    /// - `"/a%zz"`: [`ParsePathError::Escape`]; `"/%41"`: [`ParsePathError::NeedlessEscape`], which
    ///   some libraries decode, as is `"/%40"`; `"/%c3"`: [`ParsePathError::LowerCaseEscape`],
    ///   which some write as `%C3`.
    /// - `"/./a"`, `"/a/.."`, `"/%2e%2E/a"`: [`ParsePathError::DotSegment`].
    pub fn parse(path_or_url: &'a str) -> Result<Self, ParsePathError> {
        if path_or_url.is_empty() {
            return Err(ParsePathError::Empty);
        }
        // Anywhere, the query included: URL parsers drop tabs and line ends and turn `\` into `/`
        // before they cut.
        if let Some(offset) = path_or_url
            .bytes()
            .position(|byte| byte <= b' ' || byte == b'\\' || byte == 0x7f)
        {
            return Err(ParsePathError::Character { offset });
        }
        let start = path_start(path_or_url)?;
        let rest = path_or_url.get(start..).unwrap_or_default();
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        if text.is_empty() {
            return Ok(Self { text: "/" });
        }
        if text.starts_with("//") {
            return Err(ParsePathError::DoubleSlash);
        }
        check_segments(text, start)?;
        check_characters(text, start)?;
        Ok(Self { text })
    }

    /// The path, from its first `/`.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }
}

/// Where the path begins: at the start, or after the host.
fn path_start(path_or_url: &str) -> Result<usize, ParsePathError> {
    if path_or_url.starts_with('/') {
        return Ok(0);
    }
    let scheme = ["https://", "http://"]
        .iter()
        .find(|scheme| {
            path_or_url
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
        .ok_or(ParsePathError::NotAbsolute)?;
    let authority = path_or_url.get(scheme.len()..).unwrap_or_default();
    let host_end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    if host_end == 0 {
        return Err(ParsePathError::NoHost);
    }
    Ok(scheme.len() + host_end)
}

/// Refuses `.` and `..`, also written with `%2e`.
fn check_segments(path: &str, start: usize) -> Result<(), ParsePathError> {
    let mut offset = start;
    for segment in path.split('/') {
        if is_dot_segment(segment) {
            return Err(ParsePathError::DotSegment { offset });
        }
        offset += segment.len() + 1;
    }
    Ok(())
}

fn is_dot_segment(segment: &str) -> bool {
    let mut rest = segment;
    let mut dots = 0_u8;
    while let Some(behind) = rest
        .strip_prefix('.')
        .or_else(|| rest.strip_prefix("%2e"))
        .or_else(|| rest.strip_prefix("%2E"))
    {
        rest = behind;
        dots = dots.saturating_add(1);
    }
    rest.is_empty() && matches!(dots, 1 | 2)
}

/// Admits `pchar` without the quote, `/`, and escapes of what cannot be bare.
fn check_characters(path: &str, start: usize) -> Result<(), ParsePathError> {
    let mut rest = path.bytes().enumerate();
    while let Some((position, byte)) = rest.next() {
        let offset = start + position;
        if byte == b'%' {
            let digits = (rest.next(), rest.next());
            check_escape(digits.0.map(|it| it.1), digits.1.map(|it| it.1), offset)?;
        } else if byte == b'\'' || !(is_path_character(byte) || byte == b'/') {
            return Err(ParsePathError::Character { offset });
        }
    }
    Ok(())
}

fn check_escape(high: Option<u8>, low: Option<u8>, offset: usize) -> Result<(), ParsePathError> {
    let value = |digit: Option<u8>| {
        char::from(digit?)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    let (Some(high_value), Some(low_value)) = (value(high), value(low)) else {
        return Err(ParsePathError::Escape { offset });
    };
    if is_path_character(high_value << 4 | low_value) {
        return Err(ParsePathError::NeedlessEscape { offset });
    }
    if [high, low]
        .into_iter()
        .flatten()
        .any(|digit| digit.is_ascii_lowercase())
    {
        return Err(ParsePathError::LowerCaseEscape { offset });
    }
    Ok(())
}

/// `pchar` of RFC 3986, escapes aside: unreserved characters, sub-delims, `:` and `@`.
const fn is_path_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

/// Why a path cannot be signed. Offsets are bytes from the start of what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParsePathError {
    /// Nothing there.
    Empty,
    /// Begins neither with `/` nor with `http://` or `https://`.
    NotAbsolute,
    /// A URL without a host.
    NoHost,
    /// The path begins with `//`.
    DoubleSlash,
    /// A segment `.` or `..`, which libraries resolve.
    DotSegment {
        /// Where the segment begins.
        offset: usize,
    },
    /// A character that libraries rewrite or that cannot be on a request line.
    Character {
        /// Where.
        offset: usize,
    },
    /// A `%` without two hex digits after it.
    Escape {
        /// Where the `%` is.
        offset: usize,
    },
    /// An escape of a character that can be in a path bare, which some libraries decode.
    NeedlessEscape {
        /// Where the `%` is.
        offset: usize,
    },
    /// An escape with a lower-case digit, which some libraries write in upper case.
    LowerCaseEscape {
        /// Where the `%` is.
        offset: usize,
    },
}

impl fmt::Display for ParsePathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("path is empty"),
            Self::NotAbsolute => {
                f.write_str("path does not begin with '/', 'http://' or 'https://'")
            }
            Self::NoHost => f.write_str("url has no host"),
            Self::DoubleSlash => f.write_str("path begins with '//'"),
            Self::DotSegment { offset } => write!(f, "path has a dot segment at byte {offset}"),
            Self::Character { offset } => {
                write!(f, "an http library would rewrite the path at byte {offset}")
            }
            Self::Escape { offset } => write!(f, "path has a broken escape at byte {offset}"),
            Self::LowerCaseEscape { offset } => {
                write!(
                    f,
                    "escape at byte {offset} of the path has a lower-case digit"
                )
            }
            Self::NeedlessEscape { offset } => {
                write!(f, "escape at byte {offset} of the path is not needed")
            }
        }
    }
}

impl error::Error for ParsePathError {}
