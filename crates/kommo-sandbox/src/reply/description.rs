//! What the journal says about an exchange: masked, cut to size, with the explainer's findings.

use axum::body::Body;
use axum::http::Response;

use crate::chats::refusal::Refusal;
use crate::chats::signature_check::right_signatures;
use crate::faults::queue::MetFaults;
use crate::reply::outcome::Told;
use crate::state::journal::{Detail, Direction, JournalEntry, Verdict};
use crate::state::platform::Platform;
use crate::wire::received_request::ReceivedRequest;

/// How much of a target or a header value the journal keeps, in bytes.
const SHOWN_BYTES: usize = 2048;

/// What an accepted request did, and its answer.
pub(crate) struct Done {
    pub(crate) rule: &'static str,
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) response: Response<Body>,
}

/// The journal entry of an outcome; its status is not known yet.
pub(crate) fn describe(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    met: &MetFaults,
    outcome: Result<&Done, &Refusal>,
    at: u64,
) -> JournalEntry {
    let told = match outcome {
        Ok(done) => Told {
            verdict: Verdict::Accepted,
            rule: Some(done.rule),
            code: done.code,
            reason: done.reason.to_owned(),
        },
        Err(refusal) => Told {
            verdict: Verdict::Refused,
            rule: refusal.rule,
            code: refusal.code,
            reason: refusal.reason.clone(),
        },
    };
    tell(platform, request, met, told, at)
}

/// The journal entry of what is told; its status is not known yet. It must not be called under the lock.
pub(crate) fn tell(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    met: &MetFaults,
    told: Told,
    at: u64,
) -> JournalEntry {
    let Told {
        verdict,
        rule,
        code,
        reason,
    } = told;
    let replacing = met
        .fault
        .as_ref()
        .filter(|fault| fault.replaces_answer())
        .map(|fault| (fault.kind(), fault.surface()));
    let (verdict, rule, code, reason) = match replacing {
        None => (verdict, rule, code, reason),
        Some((kind, surface)) => {
            let reason = format!("a fault took the place of the answer; apart from it: {reason}");
            (Verdict::Fault, kind.rule(surface), kind.name(), reason)
        }
    };
    let detail = Detail {
        code: code.into(),
        reason,
        faults: fault_texts(met),
        headers: shown_headers(platform, request),
        body_bytes: request.body().len(),
        explanations: Vec::new(),
    };
    JournalEntry {
        id: 0,
        at,
        direction: Direction::In,
        method: shown(platform, request.method()),
        target: shown(platform, request.target()),
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
        "user-agent",
        "authorization",
        "x-refresh-token",
        "x-context-user-id",
    ];
    let shown_value = |name: &str, value: &[u8]| match name {
        "x-signature" | "authorization" | "x-refresh-token" => format!("({} bytes)", value.len()),
        _ => shown(platform, &String::from_utf8_lossy(value)),
    };
    request
        .headers()
        .iter()
        .filter(|(name, _)| matters.contains(name))
        .map(|(name, value)| ((*name).to_owned(), shown_value(name, value)))
        .collect()
}

/// Masked first, then cut, so that no secret is cut in two and slips through.
fn shown(platform: &Platform, text: &str) -> String {
    let mut text = platform.masked(text);
    if text.len() > SHOWN_BYTES {
        let end = (0..=SHOWN_BYTES)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Adds what the explainer finds in a refused request, if its channel is known.
pub(crate) fn explain(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    refusal: &Refusal,
    now: u64,
    entry: &mut JournalEntry,
) {
    let known_channel = !matches!(
        refusal.code,
        "route-unknown" | "method-wrong" | "channel-unknown"
    );
    let (Some(explainer), Some(detail), true) =
        (platform.explainer(), entry.detail.as_mut(), known_channel)
    else {
        return;
    };
    let right = right_signatures(request, platform.channel_key());
    let masked = |text: &str| {
        let text = right.iter().fold(text.to_owned(), |text, right| {
            text.replace(right, "(signature)")
        });
        shown(platform, &text)
    };
    detail.explanations = explainer.explain(request, platform.channel_secret(), now);
    for explanation in &mut detail.explanations {
        explanation.code = masked(&explanation.code);
        explanation.message = masked(&explanation.message);
        explanation.remedy = masked(&explanation.remedy);
    }
}
