//! Standard input can be read once: only one option may be `-`.

use std::ffi::OsStr;

use crate::failure::exit::Failure;

/// Whether an option's value means standard input.
pub(crate) fn is_dash(value: impl AsRef<OsStr>) -> bool {
    value.as_ref() == "-"
}

/// Refuses a command line in which more than one of these options is `-`.
pub(crate) fn claimed_once<'a>(
    claims: impl IntoIterator<Item = (&'a str, bool)>,
) -> Result<(), Failure> {
    let mut claims = claims
        .into_iter()
        .filter_map(|(option, is_dash)| is_dash.then_some(option));
    match (claims.next(), claims.next()) {
        (Some(first), Some(second)) => Err(Failure::usage(format!(
            "{first} and {second} cannot both be standard input"
        ))
        .hint("put one of them into a file")),
        _ => Ok(()),
    }
}
