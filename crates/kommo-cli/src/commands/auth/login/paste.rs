//! What a person pastes: the address that the browser was sent to, or a code.

use std::io::{self, BufRead, IsTerminal, Read};

use kommo_account::ClientId;
use kommo_oauth::{
    ConsentState, PASTED_MAX_BYTES, PastedCode, PastedCodeError, PastedRedirect, StateCheck,
};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error_code::ErrorCode;
use crate::exit::{self, Failure};

/// Reads one line of standard input.
pub(super) fn read(
    state: &ConsentState,
    client_id: &ClientId,
    context: &Context,
) -> Result<PastedCode, Failure> {
    if io::stdin().is_terminal() {
        context.output.note(
            "Open it in a browser and allow. Then paste the whole address that the browser was sent to:",
        );
    }
    let line =
        read_line().map_err(|error| Failure::io(format!("cannot read standard input: {error}")))?;
    let pasted = PastedCode::parse(&line, client_id, Some(state));
    let pasted = pasted.map_err(|error| failure(&error))?;
    if let PastedCode::Redirected(PastedRedirect {
        state: StateCheck::Missing,
        ..
    }) = &pasted
    {
        context.output.note(
            "warning: the address has no state, so nothing proves that it answers this attempt",
        );
    }
    Ok(pasted)
}

/// One line, and not more of it than could be an address.
fn read_line() -> io::Result<Zeroizing<String>> {
    let limit = u64::try_from(PASTED_MAX_BYTES + 1024).unwrap_or(u64::MAX);
    let mut line = Zeroizing::new(String::with_capacity(PASTED_MAX_BYTES + 1024));
    io::stdin().lock().take(limit).read_line(&mut line)?;
    Ok(line)
}

fn failure(error: &PastedCodeError) -> Failure {
    let message = exit::chain(error);
    match error {
        PastedCodeError::AccessDenied => {
            Failure::new(ErrorCode::CodeRefused, message).reason("access-denied")
        }
        PastedCodeError::StateMismatch => Failure::new(ErrorCode::CodeRefused, message)
            .reason("state-mismatch")
            .hint("it answers another attempt: open the address that this command printed"),
        PastedCodeError::Empty => Failure::usage(message)
            .hint("paste the address of the browser, or give --code C --account HOST"),
        _ => Failure::usage(message),
    }
}
