//! What a person sees of a sandbox on a terminal: where it is and how to use it, then one line a
//! request.

use core::fmt::Write as _;

use kommo_sandbox::{Direction, JournalEntry, SandboxState, Verdict};

/// How wide a terminal is taken to be.
const COLUMNS: usize = 80;

/// As much of a path is shown at least.
const TARGET_COLUMNS: usize = 16;

/// Where a sandbox is.
pub(super) struct Addresses<'a> {
    pub(super) base_url: &'a str,
    pub(super) dashboard_url: &'a str,
    pub(super) ca_file: Option<&'a str>,
}

/// Where it is, as whom to log in, and how to point a program at it. No secret is in it but the
/// dashboard's address.
pub(super) fn block(addresses: &Addresses<'_>, state: &SandboxState) -> String {
    let base_url = addresses.base_url;
    let mut text = format!(
        "A simulated Kommo listens at {base_url} until Ctrl-C.\n\n\
         Dashboard, with what came and why it was refused:\n  {}\n\n",
        addresses.dashboard_url
    );
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<12}{value}");
    };
    let first = state.accounts.first();
    let user = first.and_then(|account| account.users.first());
    if let Some(user) = user {
        row("log in as", &format!("{}, with any password", user.login));
    }
    for account in &state.accounts {
        row("account", &format!("{}  {}", account.id, account.host));
        row("  amojo id", &account.amojo_id);
    }
    row("channel", &state.channel_id);
    row("client id", &state.client_id);
    row("appid", &state.appid);
    if let Some(file) = addresses.ca_file {
        row("certificate", file);
    }
    let _ = write!(
        text,
        "\nPoint `kommo` at it, with ids and secrets in a profile of its own:\n  \
         kommo init --profile sandbox --sandbox {base_url}\n  \
         kommo chats connect --profile sandbox\n\
         Point any program at it: every API is at {base_url}.\n\
         Ask why a request was refused, with N of its line below:\n  \
         kommo explain chats --sandbox {base_url} --journal N\n"
    );
    text
}

/// One request: when, its number, which way, its status, and if it was refused the code of why.
pub(super) fn line(entry: &JournalEntry, has_colour: bool) -> String {
    let second = entry.at % 86_400;
    let time = format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    let arrow = match entry.direction {
        Direction::Out => "<--",
        _ => "-->",
    };
    let status = entry
        .status
        .map_or_else(|| "cut".to_owned(), |status| status.to_string());
    let before = format!("{time} #{:<4} {arrow} ", entry.id);
    let code = code(entry).map_or_else(String::new, |code| format!("  {code}"));
    let method: String = entry.method.chars().take(10).collect();
    let taken = before.len() + status.len() + method.len() + code.chars().count() + 2;
    let room = COLUMNS.saturating_sub(taken).max(TARGET_COLUMNS);
    let target = shortened(&entry.target, room);
    let status = match (has_colour, entry.verdict) {
        (false, _) => status,
        (true, Verdict::Accepted) => format!("\u{1b}[32m{status}\u{1b}[0m"),
        (true, Verdict::Fault) => format!("\u{1b}[33m{status}\u{1b}[0m"),
        (true, _) => format!("\u{1b}[31m{status}\u{1b}[0m"),
    };
    format!("{before}{status} {method} {target}{code}")
}

/// Why it was not accepted: what `explain` found, else what the sandbox says.
fn code(entry: &JournalEntry) -> Option<&str> {
    let detail = entry.detail.as_ref()?;
    let found = detail.explanations.first();
    let code = found.map_or(&detail.code, |found| &found.code);
    (entry.verdict != Verdict::Accepted).then_some(code)
}

/// The beginning and the end of a text that is too long: the end of a path says what was called.
fn shortened(text: &str, columns: usize) -> String {
    let length = text.chars().count();
    if length <= columns {
        return text.to_owned();
    }
    let kept = columns.saturating_sub(1);
    let start = kept / 3;
    let skipped = length.saturating_sub(kept - start);
    let end = text.chars().skip(skipped);
    text.chars().take(start).chain(['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn entry(target: &str, verdict: &str) -> JournalEntry {
        serde_json::from_value(json!({
            "id": 12, "at": 52208, "direction": "in", "method": "POST", "target": target,
            "status": 403, "verdict": verdict,
            "detail": { "code": "date-stale", "reason": "old" },
        }))
        .unwrap()
    }

    #[test]
    fn a_line_has_80_columns_at_most_and_the_end_of_the_path() {
        let path = format!("/v2/origin/custom/{}/connect", "c0ffee00-".repeat(20));
        let shown = line(&entry(&path, "refused"), false);
        assert_eq!(shown.chars().count(), COLUMNS, "{shown}");
        assert!(
            shown.starts_with("14:30:08 #12   --> 403 POST /v2/"),
            "{shown}"
        );
        assert!(shown.ends_with("/connect  date-stale"), "{shown}");
        assert_eq!(
            line(&entry("/x", "accepted"), false),
            "14:30:08 #12   --> 403 POST /x"
        );
    }

    #[test]
    fn a_colour_takes_no_column() {
        let plain = line(&entry("/x", "refused"), false);
        let painted = line(&entry("/x", "refused"), true);
        assert_eq!(
            painted.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""),
            plain
        );
    }
}
