//! The words of a command line, by the rules of three shells. No shell is run: what only a running
//! one could replace is an error.

pub(crate) mod word;
pub(crate) mod posix;
pub(crate) mod cmd;
pub(crate) mod power_shell;

use super::capture_error::Fault;
use word::Words;

/// Splits the first command of a text. The shell is the one whose line continuation or quotes are
/// in it, else a POSIX shell.
pub(crate) fn split(text: &[u8]) -> Result<Words, Fault> {
    match () {
        () if is_cmd(text) => cmd::split(text),
        () if is_power_shell(text) => power_shell::split(text),
        () => posix::split(text),
    }
}

/// `^` before a line end or a quote; or quotes that are doubled within quotes, and none of the
/// other shells' own.
fn is_cmd(text: &[u8]) -> bool {
    let mut pairs = text.windows(2);
    let has_caret = pairs.any(|pair| matches!(pair, [b'^', b'\r' | b'\n' | b'"']));
    let is_doubled = |four: &[u8]| match four {
        [before, b'"', b'"', behind] => {
            let is_inner = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'"';
            is_inner(before) && is_inner(behind)
        }
        _ => false,
    };
    let is_other = text.contains(&b'\'') || text.windows(2).any(|two| two == b"\\\n");
    has_caret || !is_other && text.windows(4).any(is_doubled)
}

/// A back-tick before a line end.
fn is_power_shell(text: &[u8]) -> bool {
    let mut pairs = text.windows(2);
    pairs.any(|pair| matches!(pair, [b'`', b'\r' | b'\n']))
}
