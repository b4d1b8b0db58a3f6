//! How a bare signature is printed.

use serde_json::json;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// The bare signature on one line.
pub(super) fn print_signature(signature: &str, context: &Context) -> Result<Outcome, Failure> {
    context
        .output
        .result(signature, &json!({ "signature": signature }))?;
    Ok(Outcome::Done)
}
