//! How an explanation is answered: printed, and as a status.

use kommo_explain::{Explanation, FindingCode};
use kommo_oauth::UnixSeconds;
use serde_json::Value;

use super::received::Journaled;
use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;
use crate::terminal::finding_list;
use crate::time::instant;

/// The instant as of which a request was judged.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    /// In Unix seconds.
    pub(super) at: u64,
    /// Whether the operator said so; else it is now.
    pub(super) is_typed: bool,
}

/// Prints the explanation; the status says whether it would be accepted.
pub(super) fn print(
    explanation: &Explanation,
    judged: Option<Judged>,
    context: &Context,
) -> Result<Outcome, Failure> {
    let rows = finding_list::rows(explanation);
    let mut object = finding_list::to_json(explanation.accepted(), &rows);
    if let (Some(object), Some(judged)) = (object.as_object_mut(), judged) {
        object.insert("judged_at".to_owned(), Value::from(judged.at));
        let as_of = if judged.is_typed { "at" } else { "now" };
        object.insert("judged_as_of".to_owned(), Value::from(as_of));
    }
    let mut text = finding_list::to_text(explanation.accepted(), &rows, &context.output);
    if let Some(judged) = judged.filter(|judged| !judged.is_typed && has_date(explanation)) {
        // After the verdict, before the first finding.
        let end = text.find('\n').unwrap_or(text.len());
        let date = instant::date(UnixSeconds::new(judged.at));
        text.insert_str(
            end,
            &format!("\njudged as of now, {date} (--at: when it came)"),
        );
    }
    context.output.painted_result(&text, &object)?;
    context
        .output
        .detail(&format!("signatures tried: {}", explanation.macs_tried()));
    Ok(if explanation.accepted() {
        Outcome::Done
    } else {
        Outcome::No
    })
}

/// Prints what a sandbox made of a request; with what `kommo-explain` found there.
pub(super) fn print_journaled(
    journaled: &Journaled,
    context: &Context,
) -> Result<Outcome, Failure> {
    let accepted = journaled.is_accepted();
    let rows = journaled.rows();
    let mut object = finding_list::to_json(accepted, &rows);
    if let Some(object) = object.as_object_mut() {
        object.insert("judged_at".to_owned(), Value::from(journaled.judged_at()));
        object.insert("judged_as_of".to_owned(), Value::from("journal"));
    }
    let text = finding_list::to_text(accepted, &rows, &context.output);
    context.output.painted_result(&text, &object)?;
    Ok(if accepted { Outcome::Done } else { Outcome::No })
}

/// Whether the time of the judgement made a finding.
fn has_date(explanation: &Explanation) -> bool {
    let mut codes = explanation.findings().iter().map(|finding| finding.code());
    codes.any(|code| matches!(code, FindingCode::DateStale | FindingCode::DateFuture))
}
