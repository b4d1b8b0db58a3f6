//! What cannot be read in a captured request, and where.

use core::error::Error;
use core::fmt;

/// What cannot be read in a captured request. No message repeats anything of the text but the names
/// of options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaptureErrorKind {
    /// The text has nothing but white space.
    Empty,
    /// The first word is not `curl`.
    NotCurl,
    /// `Invoke-WebRequest` and its relatives, which PowerShell also calls `curl`.
    PowerShellRequest,
    /// A quote that is not closed.
    OpenQuote,
    /// A variable or a command, which only a running shell could replace.
    Expansion,
    /// `<`, which only a running shell could follow.
    Redirection,
    /// `&` outside of quotes, where a shell ends the command.
    LooseAmpersand,
    /// An option that needs a value is the last word.
    NoValue,
    /// An option that is not known here.
    UnknownOption,
    /// An option whose request only curl itself can make.
    RefusedOption(&'static str),
    /// `@file` where a file cannot be read here.
    FileInPlaceOf(&'static str),
    /// No address.
    NoUrl,
    /// A second address: it would be a second request.
    SecondUrl,
    /// A header without a colon.
    HeaderForm,
    /// The first line is not a request line like `POST /path HTTP/1.1`.
    RequestLine,
    /// The text begins with a response.
    Response,
    /// The text begins with a curl command.
    CurlCommand,
}

impl fmt::Display for CaptureErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing is in it",
            Self::NotCurl => "the first word is not curl",
            Self::PowerShellRequest => "this is a command of PowerShell and not curl",
            Self::OpenQuote => "a quote is not closed",
            Self::Expansion => "only a shell can replace this variable or command",
            Self::Redirection => "only a shell can redirect the input",
            Self::LooseAmpersand => "an & outside of quotes ends the command here",
            Self::NoValue => "the option has no value",
            Self::UnknownOption => "the option is not known",
            Self::RefusedOption(option) => {
                return write!(f, "only curl can make the request of {option}");
            }
            Self::FileInPlaceOf(what) => return write!(f, "a file gives {what}"),
            Self::NoUrl => "no address is in the command",
            Self::SecondUrl => "a second address makes a second request",
            Self::HeaderForm => "the header has no colon",
            Self::RequestLine => "this is not a request line like POST /path HTTP/1.1",
            Self::Response => "this is the response and not the request",
            Self::CurlCommand => "this is a curl command and not a request",
        })
    }
}

/// What cannot be read in a captured request, with its line and column, both from 1. A column is a
/// character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureError {
    kind: CaptureErrorKind,
    line: usize,
    column: usize,
}

impl CaptureError {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> CaptureErrorKind {
        self.kind
    }

    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The character within the line, from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = (self.line, self.column);
        write!(f, "{}, at line {line}, column {column}", self.kind)
    }
}

impl Error for CaptureError {}

/// An error at an offset in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) kind: CaptureErrorKind,
    pub(crate) at: usize,
}

impl Fault {
    pub(crate) const fn new(kind: CaptureErrorKind, at: usize) -> Self {
        Self { kind, at }
    }

    /// The same with line and column.
    pub(crate) fn within(self, text: &[u8]) -> CaptureError {
        let before = text.get(..self.at).unwrap_or(text);
        let is_end = |byte: &u8| *byte == b'\n';
        let line_start = before.iter().rposition(is_end).map_or(0, |end| end + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        // A byte that continues a character of UTF-8 is no column of its own.
        let is_first = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        CaptureError {
            kind: self.kind,
            line: before.iter().filter(|byte| is_end(byte)).count() + 1,
            column: in_line.iter().filter(is_first).count() + 1,
        }
    }
}
