//! How a kept hook is shown: a line of a list, an object, and the whole hook.

use core::time::Duration;

use base64ct::{Base64, Encoding};
use kommo_hooks::Proof;
use kommo_store::{HookLine, HookState, InboxDepth, InboxName, StoredHook};
use serde_json::{Map, Value, json};

use crate::time::instant;

/// The heading of a list.
const HEADING: &str = "     # state    kind          event             age        attempts";

/// How full inboxes are.
#[derive(Debug, Clone, Copy, Default)]
struct Depth {
    waiting: u64,
    failed: u64,
    oldest: Option<Duration>,
}

impl From<InboxDepth> for Depth {
    fn from(depth: InboxDepth) -> Self {
        Self {
            waiting: depth.waiting,
            failed: depth.failed,
            oldest: depth.oldest,
        }
    }
}

impl Depth {
    fn with(self, other: Self) -> Self {
        Self {
            waiting: self.waiting + other.waiting,
            failed: self.failed + other.failed,
            oldest: self.oldest.max(other.oldest),
        }
    }

    /// `3 wait (the oldest for 2 minutes), 1 has failed`.
    fn text(self) -> String {
        let waiting = match (self.waiting, self.oldest) {
            (0, _) | (_, None) => "none waits".to_owned(),
            (1, Some(age)) => format!("1 waits, for {}", instant::length(age.as_secs())),
            (number, Some(age)) => {
                let age = instant::length(age.as_secs());
                format!("{number} wait, the oldest for {age}")
            }
        };
        match self.failed {
            0 => waiting,
            1 => format!("{waiting}; 1 has failed"),
            number => format!("{waiting}; {number} have failed"),
        }
    }

    fn object(self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("waiting".to_owned(), Value::from(self.waiting));
        object.insert("failed".to_owned(), Value::from(self.failed));
        let oldest = self.oldest.map(|age| age.as_secs());
        object.insert("oldest_waiting_seconds".to_owned(), Value::from(oldest));
        object
    }
}

/// A list of hooks, each with its inbox, and how full the inboxes are.
pub(super) fn list(
    hooks: &[(&InboxName, HookLine)],
    depths: &[(&InboxName, InboxDepth)],
) -> (String, Value) {
    let depths: Vec<(_, Depth)> = depths
        .iter()
        .map(|(name, depth)| (*name, (*depth).into()))
        .collect();
    let all = depths
        .iter()
        .fold(Depth::default(), |all, (_, depth)| all.with(*depth));
    let mut lines: Vec<_> = hooks.iter().map(|(_, hook)| line(hook)).collect();
    match lines.is_empty() {
        true => lines.push("no such hook".to_owned()),
        false => lines.insert(0, HEADING.to_owned()),
    }
    lines.push(format!("\n{}", all.text()));
    if depths.len() > 1 {
        let each = depths.iter();
        lines.extend(each.map(|(name, depth)| format!("  {name}\n    {}", depth.text())));
    }
    let inboxes: Vec<_> = depths
        .iter()
        .map(|(name, depth)| {
            let mut object = depth.object();
            object.insert("name".to_owned(), Value::from(name.as_str()));
            object
        })
        .collect();
    let hooks: Vec<_> = hooks
        .iter()
        .map(|(name, hook)| object(name, hook))
        .collect();
    let mut object = all.object();
    object.insert("hooks".to_owned(), json!(hooks));
    object.insert("inboxes".to_owned(), json!(inboxes));
    (lines.join("\n"), Value::Object(object))
}

/// A line of at most 80 columns, and why it waits again or failed on one of its own.
fn line(hook: &HookLine) -> String {
    let HookLine {
        id,
        kind,
        event,
        age,
        attempts,
        ..
    } = hook;
    let state = state(hook);
    let age = instant::length(age.as_secs());
    let line = format!("{id:>6} {state:8} {kind:13} {event:17} {age:10.10} {attempts}");
    match &hook.reason {
        Some(reason) => format!("{}\n       {reason}", line.trim_end()),
        None => line.trim_end().to_owned(),
    }
}

/// Where it stands, more exactly than the store says.
fn state(hook: &HookLine) -> &'static str {
    match hook.state {
        HookState::Waiting if hook.is_leased => "running",
        HookState::Waiting if hook.due_in.is_none() => "behind",
        state => state.name(),
    }
}

fn object(inbox: &InboxName, hook: &HookLine) -> Value {
    let seconds = |length: Duration| length.as_secs();
    json!({
        "inbox": inbox.as_str(),
        "id": hook.id,
        "key": hook.key,
        "kind": hook.kind,
        "event": hook.event,
        "account": hook.account,
        "conversation": hook.conversation,
        "state": hook.state.name(),
        "is_running": hook.is_leased,
        "attempts": hook.attempts,
        "age_seconds": seconds(hook.age),
        "ended_seconds_ago": hook.ended.map(seconds),
        "due_in_seconds": hook.due_in.map(seconds),
        "reason": hook.reason,
    })
}

/// The whole hook: what is known of it, and its body.
pub(super) fn whole(inbox: &InboxName, hook: &StoredHook) -> (String, Value) {
    let line = &hook.line;
    let (verdict, body) = verdict_and_body(hook);
    let age = instant::length(line.age.as_secs());
    let mut facts = vec![
        ("number", line.id.to_string()),
        ("inbox", inbox.to_string()),
        ("state", state(line).to_owned()),
        ("kind", line.kind.clone()),
        ("event", line.event.clone()),
        ("verdict", verdict),
        ("account", line.account.clone().unwrap_or_default()),
        ("stored", format!("{age} ago")),
        ("attempts", line.attempts.to_string()),
        ("reason", line.reason.clone().unwrap_or_default()),
        ("key", line.key.clone()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    let mut text: Vec<_> = facts
        .iter()
        .map(|(name, value)| format!("{name:9} {value}"))
        .collect();
    let mut fields = Map::new();
    if let Value::Object(listed) = object(inbox, line) {
        fields.extend(listed);
    }
    if let Some(proof) = proof(hook) {
        fields.insert("verified_by".to_owned(), json!(proof.key_id.as_str()));
        fields.insert("verified_at".to_owned(), json!(proof.verified_at));
    }
    let (name, told) = match body {
        None => ("body", Value::Null),
        Some(bytes) => match core::str::from_utf8(bytes) {
            Ok(text) => ("body", Value::from(text)),
            Err(_) => ("body_base64", Value::from(Base64::encode_string(bytes))),
        },
    };
    text.push(match &told {
        Value::String(body) => format!("\n{body}"),
        _ => "\nThe body was deleted when the hook was handled.".to_owned(),
    });
    fields.insert(name.to_owned(), told);
    (text.join("\n"), Value::Object(fields))
}

fn verdict_and_body(hook: &StoredHook) -> (String, Option<&[u8]>) {
    if let Some(proven) = hook.proven() {
        let verdict = format!("proven, by the secret {}", proven.proof().key_id.as_str());
        return (verdict, Some(proven.into_inner()));
    }
    if let Some((proof, body)) = hook.token_proven() {
        let key = proof.key_id.as_str();
        let verdict = format!("only its token is proven, by the secret {key}");
        return (verdict, Some(body));
    }
    match hook.unsigned() {
        Some((_, body)) => ("unsigned".to_owned(), Some(body)),
        None => (String::new(), None),
    }
}

fn proof(hook: &StoredHook) -> Option<Proof> {
    let proven = hook.proven().map(|proven| *proven.proof());
    proven.or_else(|| hook.token_proven().map(|(proof, _)| *proof))
}
