//! `kommo verify chat-hook --batch`: one verdict a line, in the order of the lines.

use std::path::Path;

use kommo_sign::{BodyForm, ChannelSecret};
use kommo_sign_bulk::{BulkHookKey, HookVerdict, ReceivedHook};
use serde::Deserialize;
use serde_json::{Value, json};

use super::verdict::{Proof, Refusal, form};
use crate::failure::exit::{Failure, Outcome};
use crate::input::batch_lines::{self, BatchLines, Line};
use crate::input::secret_source::SecretSource;
use crate::run::context::Context;
use crate::terminal::progress_bar::ProgressBar;

#[derive(Deserialize)]
struct HookLine {
    body: String,
    signature: String,
}

struct Hook {
    body: Vec<u8>,
    signature: String,
}

/// Judges every line with each secret in turn. Status 1 if one is not valid.
pub(super) fn run(
    file: &Path,
    sources: &[SecretSource],
    proof: Proof,
    context: &Context,
) -> Result<Outcome, Failure> {
    let keys = sources
        .iter()
        .map(|source| Ok(BulkHookKey::new(&source.read_as(ChannelSecret::new)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let mut lines = BatchLines::open(file)?;
    let bar = ProgressBar::new(context.output, lines.length());
    let mut used = vec![false; keys.len()];
    let mut done = 0;
    let mut outcome = Outcome::Done;
    loop {
        let chunk = lines.next_chunk(|line: HookLine| {
            Ok(Hook {
                body: batch_lines::body(&line.body)?,
                signature: line.signature,
            })
        })?;
        if chunk.is_empty() {
            break;
        }
        let verdicts = verdicts(&keys, &chunk)?;
        let mut printed = Vec::new();
        for (line, (verdict, key)) in chunk.iter().zip(verdicts) {
            match (verdict, used.get_mut(key)) {
                (HookVerdict::Proven(_), Some(used)) => *used = true,
                _ => outcome = Outcome::No,
            }
            let label = sources.get(key).map(SecretSource::label);
            print(line, verdict, (label, key), context, &mut printed);
        }
        context.output.bytes(&printed)?;
        done += chunk.len() as u64;
        bar.show(done, lines.bytes());
    }
    for (source, _) in sources.iter().zip(&used).filter(|(_, used)| **used) {
        proof.note_use(source, context);
    }
    Ok(outcome)
}

/// Each verdict with the index of its secret: the first that proves, else the last.
fn verdicts(
    keys: &[BulkHookKey],
    chunk: &[Line<Hook>],
) -> Result<Vec<(HookVerdict, usize)>, Failure> {
    let mut verdicts = vec![(HookVerdict::Mismatch, 0); chunk.len()];
    let mut open: Vec<usize> = (0..chunk.len()).collect();
    for (index, key) in keys.iter().enumerate() {
        let hooks: Vec<ReceivedHook<'_>> = open
            .iter()
            .filter_map(|place| chunk.get(*place))
            .map(|line| ReceivedHook {
                body: &line.entry.body,
                signature: &line.entry.signature,
            })
            .collect();
        let mut found = vec![HookVerdict::Mismatch; hooks.len()];
        key.verify_many(&hooks, &mut found)
            .map_err(Failure::usage)?;
        for (place, verdict) in open.iter().zip(&found) {
            if let Some(slot) = verdicts.get_mut(*place) {
                *slot = (*verdict, index);
            }
        }
        open.retain(|place| verdicts.get(*place).is_some_and(|(it, _)| !it.is_proven()));
    }
    Ok(verdicts)
}

fn print(
    line: &Line<Hook>,
    verdict: HookVerdict,
    (label, key_index): (Option<String>, usize),
    context: &Context,
    printed: &mut Vec<u8>,
) {
    let number = line.number;
    let hook = ReceivedHook {
        body: &line.entry.body,
        signature: &line.entry.signature,
    };
    let refusal = match verdict {
        HookVerdict::Proven(proven) => {
            let text = proven_line(number, proven, &hook, label, key_index);
            return push(printed, "valid", &text, context);
        }
        HookVerdict::Malformed(reason) => Refusal::malformed(reason),
        _ => Refusal::mismatch(),
    };
    let object = json!({ "line": number, "valid": false, "reason": refusal.reason });
    push(
        printed,
        &format!("not valid: {}", refusal.message),
        &object,
        context,
    );
}

fn proven_line(
    number: u64,
    proven: BodyForm,
    hook: &ReceivedHook<'_>,
    label: Option<String>,
    key_index: usize,
) -> Value {
    let bytes = hook.proven(HookVerdict::Proven(proven)).map(<[u8]>::len);
    json!({
        "line": number,
        "valid": true,
        "form": form(proven),
        "proven_bytes": bytes,
        "key": label,
        "key_index": key_index,
    })
}

fn push(printed: &mut Vec<u8>, text: &str, object: &Value, context: &Context) {
    let line = context.output.line_of(text, object);
    printed.extend_from_slice(line.as_bytes());
}
