//! What a person pastes: the address that the browser was sent to, or a code. A bad paste does not
//! end the attempt.

use std::io::{self, BufRead, IsTerminal, Read};

use kommo_account::ClientId;
use kommo_oauth::consent::{PASTED_MAX_BYTES, PastedCode, PastedCodeError, PastedFor};
use zeroize::Zeroizing;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure};
use crate::run::context::Context;

/// Bad pastes before the login gives up: a wrong file as input must not be read for ever.
const PASTES_AT_MOST: usize = 16;

/// Reads lines of standard input until one can be taken. At the end of the input the latest reason
/// counts.
pub(super) fn read<T>(
    attempt: PastedFor<'_>,
    client_id: &ClientId,
    context: &Context,
    take: impl Fn(PastedCode) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let is_watched = io::stdin().is_terminal();
    if is_watched {
        context.output.note(
            "Open it in a browser and allow. Then paste the whole address that the browser was sent to:",
        );
    }
    let mut latest: Option<Failure> = None;
    for _ in 0..PASTES_AT_MOST {
        let line = read_line()
            .map_err(|error| Failure::io(format!("cannot read standard input: {error}")))?;
        let Some(line) = line else {
            break;
        };
        if let Some(failure) = latest.take().filter(|_| !is_watched) {
            say(&failure, context);
        }
        let taken = match PastedCode::parse(&line, client_id, Some(attempt)) {
            Ok(pasted) => take(pasted),
            // It has the attempt's state, so it is the user's word.
            Err(error @ PastedCodeError::AccessDenied) => return Err(failure(&error)),
            Err(error) => Err(failure(&error)),
        };
        match taken {
            Ok(taken) => return Ok(taken),
            Err(failure) => {
                if is_watched {
                    say(&failure, context);
                    context.output.note("Paste again, or end with Ctrl-C:");
                }
                latest = Some(failure);
            }
        }
    }
    Err(latest.unwrap_or_else(|| failure(&PastedCodeError::Empty)))
}

fn say(failure: &Failure, context: &Context) {
    context
        .output
        .note(&format!("not taken: {}", failure.message()));
    if let Some(hint) = failure.hint_text() {
        context.output.note(&format!("hint: {hint}"));
    }
}

/// One line, and not more of it than could be an address; `None` at the end of the input.
fn read_line() -> io::Result<Option<Zeroizing<String>>> {
    let limit = u64::try_from(PASTED_MAX_BYTES + 1024).unwrap_or(u64::MAX);
    let mut line = Zeroizing::new(String::with_capacity(PASTED_MAX_BYTES + 1024));
    let length = io::stdin().lock().take(limit).read_line(&mut line)?;
    Ok((length > 0).then_some(line))
}

fn failure(error: &PastedCodeError) -> Failure {
    let message = exit::chain(error);
    match error {
        PastedCodeError::AccessDenied => {
            Failure::new(ErrorCode::CodeRefused, message).reason("access-denied")
        }
        PastedCodeError::StateMismatch | PastedCodeError::StateMissing => {
            Failure::new(ErrorCode::CodeRefused, message)
                .reason("state-mismatch")
                .hint("it does not answer this attempt: open the address that this command printed")
        }
        PastedCodeError::OtherAddress => Failure::new(ErrorCode::CodeRefused, message)
            .reason("other-address")
            .hint("paste the whole address that the browser was sent to: it begins with the redirect uri"),
        PastedCodeError::Empty => Failure::usage(message)
            .hint("paste the address of the browser, or give --code C --account HOST"),
        _ => Failure::usage(message),
    }
}
