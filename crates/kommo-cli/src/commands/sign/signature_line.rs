//! How a bare signature is printed.

use serde_json::json;

use crate::context::Context;
use crate::exit::{Failure, Outcome};

/// The bare signature on one line.
pub(super) fn print_signature(signature: &str, context: &Context) -> Result<Outcome, Failure> {
    context
        .output
        .result(signature, &json!({ "signature": signature }))?;
    Ok(Outcome::Done)
}
