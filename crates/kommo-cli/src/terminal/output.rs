//! Where output goes: results to standard output, everything else to standard error.

use core::sync::atomic::{AtomicBool, Ordering};
use std::io::{self, ErrorKind, IsTerminal, Write};

use kommo_peer::{escaped, escaped_json, escaped_lines};
use serde_json::{Value, json};

use crate::failure::exit::Failure;
use crate::terminal::global_options::{Format, GlobalOptions};
use crate::terminal::paragraph::wrapped;

/// The two streams, as the operator wants them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    verbose: bool,
}

impl Output {
    pub(crate) fn new(options: &GlobalOptions) -> Self {
        Self {
            format: options.format,
            quiet: options.quiet,
            verbose: options.verbose,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) const fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// A result: the text for people, or the object for programs. A line feed is added to each.
    /// What could move a cursor or hide is escaped in both: a peer may have written a part of it.
    pub(crate) fn result(&self, text: &str, json: &Value) -> Result<(), Failure> {
        if self.is_json() {
            return self.json_line(json);
        }
        self.bytes(format!("{}\n", escaped_lines(text)).as_bytes())
    }

    /// The same for a text of the operator's own whose bytes count.
    pub(crate) fn exact_result(&self, text: &str, json: &Value) -> Result<(), Failure> {
        if self.is_json() {
            return self.json_line(json);
        }
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// The same for a text with colours of our own.
    pub(crate) fn painted_result(&self, text: &str, json: &Value) -> Result<(), Failure> {
        if self.is_json() {
            return self.json_line(json);
        }
        self.bytes(format!("{}\n", without_commands(text)).as_bytes())
    }

    /// The line that [`result`](Self::result) would print, of many that are printed together.
    pub(crate) fn line_of(&self, text: &str, json: &Value) -> String {
        if self.is_json() {
            return self.object_line(json);
        }
        format!("{}\n", escaped_lines(text))
    }

    /// The line that [`json_line`](Self::json_line) would print.
    #[expect(clippy::unused_self, reason = "one way to print, beside the others")]
    pub(crate) fn object_line(&self, json: &Value) -> String {
        format!("{}\n", escaped_json(&json.to_string()))
    }

    /// Draws the last line of a terminal again, if standard error is one and the results go
    /// elsewhere. An empty text clears it.
    pub(crate) fn transient(&self, text: &str) {
        if !self.quiet && io::stderr().is_terminal() && !io::stdout().is_terminal() {
            let _ = write!(io::stderr().lock(), "\r\u{1b}[K{}", shown(text));
        }
    }

    /// One object on a line of its own.
    pub(crate) fn json_line(&self, json: &Value) -> Result<(), Failure> {
        let line = json.to_string();
        self.bytes(format!("{}\n", escaped_json(&line)).as_bytes())
    }

    /// A result as it is.
    #[expect(
        clippy::unused_self,
        reason = "one way to standard output, beside the others"
    )]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        print(bytes)
    }

    /// The failure that the command ends with.
    pub(crate) fn complain(&self, failure: &Failure) {
        complain(failure, self.format);
    }

    /// Something worth knowing beside the result; `--quiet` leaves it out. One line, or several
    /// short ones on a terminal.
    pub(crate) fn note(&self, text: &str) {
        if self.quiet {
            return;
        }
        to_stderr(text);
    }

    /// What happens on the way; only with `--verbose`.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            to_stderr(text);
        }
    }

    /// Refuses to show a secret on a terminal, before it is even asked for.
    #[expect(
        clippy::unused_self,
        reason = "one way to standard output, beside the others"
    )]
    pub(crate) fn refuse_terminal(&self, what: &str, is_wanted: bool) -> Result<(), Failure> {
        if is_wanted || !io::stdout().is_terminal() {
            return Ok(());
        }
        Err(
            Failure::usage(format!("{what} is not printed to a terminal"))
                .hint("give --show if you want to see it, or send it into a pipe"),
        )
    }

    /// Whether colour may be used on standard output.
    pub(crate) fn has_colour(&self) -> bool {
        let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let is_able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        !self.is_json() && is_wanted && is_able && io::stdout().is_terminal()
    }
}

/// Whether standard output is a terminal.
pub(crate) fn is_on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes to standard output.
///
/// A reader that has gone away (`kommo … | head -0`) is not a failure: it wanted no more.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::io(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// For people `error: …`, and `hint: …` where it helps, on standard error; for programs one object
/// on standard output. Only the first call prints: a command ends with one error.
pub(crate) fn complain(failure: &Failure, format: Format) {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    if IS_SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    if format == Format::Json {
        let object = json!({ "error": failure.to_json() }).to_string();
        let line = format!("{}\n", escaped_json(&object));
        // A result that says it already stays the only object.
        if failure.is_in_result() || print(line.as_bytes()).is_ok() {
            return;
        }
    }
    to_stderr(&format!("error: {}", failure.message()));
    for line in failure.lines() {
        to_stderr(line);
    }
    if let Some(hint) = failure.hint_text() {
        to_stderr(&format!("hint: {hint}"));
    }
}

/// Escapes what could move a cursor or hide, other than a change of colour.
fn without_commands(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut out = escaped_lines(pieces.next().unwrap_or_default()).to_string();
    for piece in pieces {
        let colour = piece.split_once('m').filter(|(code, _)| {
            !code.is_empty()
                && code
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b';')
        });
        match colour {
            Some((code, rest)) => {
                out.push_str(&format!("\u{1b}[{code}m{}", escaped_lines(rest)));
            }
            None => out.push_str(&format!("\\u001b[{}", escaped_lines(piece))),
        }
    }
    out
}

/// One line, or several short ones on a terminal. What an operator or a peer wrote may hold line
/// feeds and terminal sequences, which are shown, not obeyed.
fn to_stderr(text: &str) {
    let line = shown(text);
    write_line(match io::stderr().is_terminal() {
        true => wrapped(&line, 0),
        false => line,
    });
}

fn shown(text: &str) -> String {
    escaped(text).to_string()
}

fn write_line(mut line: String) {
    line.push('\n');
    // There is nowhere left to say that standard error is gone.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::without_commands;

    #[test]
    fn a_colour_stays_and_every_other_command_is_shown() {
        let text = "\u{1b}[32mok\u{1b}[0m\n\u{1b}[2J\u{9b}1;1H\u{1b}]0;t\u{7}\u{1b}[";
        assert_eq!(
            without_commands(text),
            "\u{1b}[32mok\u{1b}[0m\n\\u001b[2J\\u009b1;1H\\u001b]0;t\\u0007\\u001b["
        );
    }
}
