//! How an explanation is answered: printed, and as a status.

use kommo_explain::Explanation;

use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::finding_list;

/// Prints the explanation; the status says whether it would be accepted.
pub(super) fn print(explanation: &Explanation, context: &Context) -> Result<Outcome, Failure> {
    context.output.painted_result(
        &finding_list::to_text(explanation, &context.output),
        &finding_list::to_json(explanation),
    )?;
    context
        .output
        .detail(&format!("signatures tried: {}", explanation.macs_tried()));
    Ok(if explanation.accepted() {
        Outcome::Done
    } else {
        Outcome::No
    })
}
