//! The words of a command line, by the rules of three shells. No shell is run: what only a running
//! one could replace is an error.

pub(crate) mod word;
pub(crate) mod posix;
pub(crate) mod cmd;
pub(crate) mod power_shell;

use super::capture_error::Fault;
use word::Words;

/// Splits the first command of a text.
pub(crate) fn split(text: &[u8]) -> Result<Words, Fault> {
    match shell_of(text) {
        Syntax::Posix => posix::split(text),
        Syntax::Cmd => cmd::split(text),
        Syntax::PowerShell => power_shell::split(text),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Posix,
    Cmd,
    PowerShell,
}

/// The shell whose line continuation or quote begins a word first: what comes later may stand in a
/// text. Without any, double quotes that are doubled are those of cmd.exe.
fn shell_of(text: &[u8]) -> Syntax {
    let mut before = b' ';
    for pair in text.windows(2) {
        let begins_word = before.is_ascii_whitespace();
        match pair {
            [b'^', b'"' | b'\r' | b'\n'] if begins_word => return Syntax::Cmd,
            [b'`', b'\r' | b'\n'] if begins_word => return Syntax::PowerShell,
            [b'\\', b'\r' | b'\n'] | [b'$', b'\''] if begins_word => return Syntax::Posix,
            // Two shells quote so. One of them breaks lines with a back-tick.
            [b'\'', _] if begins_word => return of_single_quotes(text),
            _ => {}
        }
        before = pair.first().copied().unwrap_or(b' ');
    }
    match text.windows(4).any(is_doubled_quote) {
        true => Syntax::Cmd,
        false => Syntax::Posix,
    }
}

fn of_single_quotes(text: &[u8]) -> Syntax {
    let is_break = |three: &[u8]| matches!(three, [b' ', b'`', b'\r' | b'\n']);
    match text.windows(3).any(is_break) {
        true => Syntax::PowerShell,
        false => Syntax::Posix,
    }
}

/// A quote that is doubled within quotes.
fn is_doubled_quote(four: &[u8]) -> bool {
    match four {
        [before, b'"', b'"', behind] => {
            let is_inner = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'"';
            is_inner(before) && is_inner(behind)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Syntax, shell_of};

    #[test]
    fn the_first_sign_of_a_shell_decides() {
        for (text, shell) in [
            ("curl http://h", Syntax::Posix),
            ("curl \\\n 'http://h'", Syntax::Posix),
            ("curl 'http://h' -d '{\"a\":\"x^\"}'", Syntax::Posix),
            ("curl 'http://h' \\\n -d 'a ^\"b'", Syntax::Posix),
            ("curl \\\n 'http://h' -d 'code: `\nx'", Syntax::Posix),
            ("curl $'http://h' -d ' ^\"'", Syntax::Posix),
            ("curl ^\r\n \"http://h\"", Syntax::Cmd),
            ("curl ^\"http://h^\" -d ^\"it's ^\"", Syntax::Cmd),
            ("curl \"http://h\" -d \"{\"\"a\"\":1}\"", Syntax::Cmd),
            ("curl.exe 'http://h' `\r\n -d 'x^\"'", Syntax::PowerShell),
            ("curl `\n 'http://h' -d 'a ^\" \\\n'", Syntax::PowerShell),
        ] {
            assert_eq!(shell_of(text.as_bytes()), shell, "{text}");
        }
    }
}
