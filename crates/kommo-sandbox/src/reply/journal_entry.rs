//! What the journal says about a request and its answer: masked and cut to size.

use crate::faults::queue::MetFaults;
use crate::faults::surface::Surface;
use crate::reply::outcome::Outcome;
use crate::state::journal::{Detail, Direction, JournalEntry, Verdict};
use crate::state::platform::Platform;
use crate::wire::received_request::ReceivedRequest;

/// The journal entry of an outcome; its status is not known yet. It must not be called under the
/// lock.
pub(crate) fn entry_of(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    surface: Option<Surface>,
    met: &MetFaults,
    outcome: &Outcome,
    at: u64,
) -> JournalEntry {
    let replacing = met.fault.as_ref().filter(|fault| fault.replaces_answer());
    let (verdict, rule, code, reason) = match replacing {
        None => (
            outcome.verdict,
            outcome.rule,
            outcome.code.clone().into_owned(),
            outcome.reason.clone(),
        ),
        Some(fault) => (
            Verdict::Fault,
            fault.kind().rule(fault.surface()),
            fault.kind().name().to_owned(),
            format!(
                "a fault replaced the answer; without it: {}",
                outcome.reason
            ),
        ),
    };
    let detail = Detail {
        code,
        reason,
        faults: fault_texts(met),
        headers: shown_headers(platform, request),
        body_bytes: request.body().len(),
        explanations: outcome.explanations.clone(),
    };
    JournalEntry {
        id: 0,
        at,
        direction: Direction::In,
        surface,
        method: platform.shown(request.method()),
        target: platform.shown(request.target()),
        status: None,
        verdict,
        rule: rule.map(str::to_owned),
        detail: Some(detail),
    }
}

fn fault_texts(met: &MetFaults) -> Vec<String> {
    let stale_clock = met
        .skew_seconds
        .map(|seconds| format!("stale-clock (this server's clock is off by {seconds} s)"));
    stale_clock
        .into_iter()
        .chain(met.fault.as_ref().map(|fault| fault.kind().to_string()))
        .collect()
}

fn shown_headers(platform: &Platform, request: &ReceivedRequest<'_>) -> Vec<(String, String)> {
    let matters = [
        "host",
        "date",
        "content-type",
        "content-md5",
        "x-signature",
        "x-chat-signature",
        "user-agent",
        "authorization",
        "x-refresh-token",
        "x-context-user-id",
    ];
    let shown_value = |name: &str, value: &[u8]| match name {
        "x-signature" | "x-chat-signature" | "authorization" | "x-refresh-token" => {
            format!("({} bytes)", value.len())
        }
        _ => platform.shown(&String::from_utf8_lossy(value)),
    };
    request
        .headers()
        .iter()
        .filter(|(name, _)| matters.contains(name))
        .map(|(name, value)| ((*name).to_owned(), shown_value(name, value)))
        .collect()
}
