//! Variables of the environment that replace an option.

use crate::failure::exit::Failure;

/// The value of a variable; an empty one is treated as absent.
pub(crate) fn text(name: &str) -> Result<Option<String>, Failure> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = value.into_string().map_err(|_| {
        Failure::usage(format!("the environment variable {name} is not utf-8 text"))
    })?;
    Ok(Some(text))
}
