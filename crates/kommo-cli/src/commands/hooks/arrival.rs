//! What is shown of a hook that arrived, and of its hand-over: one line for people, one object for
//! programs. Nothing of a body is here.

use core::time::Duration;

use kommo_hooks::inbox::{HandlingOutcome, Put};
use serde_json::{Map, Value, json};

/// The width of a line for people.
const COLUMNS: usize = 80;

/// A hook that arrived.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// Unix seconds.
    pub(super) at: u64,
    pub(super) kind: &'static str,
    pub(super) event: String,
    pub(super) account: Option<String>,
    /// The integration's id of the conversation, else the platform's.
    pub(super) conversation: Option<String>,
    pub(super) verdict: Verdict,
    /// What was answered.
    pub(super) status: u16,
    pub(super) kept: Kept,
    /// The name of the entry.
    pub(super) key: Option<String>,
}

/// Whether it is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Proven,
    /// Hooks of this kind have no proof.
    Unsigned,
    /// With the stable code.
    Refused(&'static str),
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unsigned => "unsigned",
            Self::Refused(_) => "refused",
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Stored,
    /// The store did not take it; it is as durable, and in the inbox later.
    Spooled,
    Duplicate,
    /// As many unsigned hooks of its account wait as may.
    Full,
    /// The store failed.
    Failed,
    /// Nothing is kept of this kind, or of what is refused.
    Not,
}

impl Kept {
    pub(super) const fn of(put: Put) -> Self {
        match put {
            Put::Stored => Self::Stored,
            Put::Spooled => Self::Spooled,
            Put::Duplicate => Self::Duplicate,
            Put::Full => Self::Full,
            _ => Self::Failed,
        }
    }

    const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Stored => "stored",
            Self::Spooled => "spooled",
            Self::Duplicate => "duplicate",
            Self::Full => "full",
            Self::Failed => "failed",
            Self::Not => return None,
        })
    }
}

/// How one attempt to hand a hook over ended.
#[derive(Debug, Clone)]
pub(super) struct HandOver {
    /// The number of the entry.
    pub(super) id: i64,
    pub(super) key: String,
    /// Unix seconds.
    pub(super) at: u64,
    pub(super) attempt: u32,
    pub(super) took: Duration,
    pub(super) outcome: HandlingOutcome,
}

impl HandOver {
    /// The stable name, and the reason.
    fn told(&self) -> (&'static str, Option<&str>) {
        match &self.outcome {
            HandlingOutcome::Done => ("done", None),
            HandlingOutcome::Later { reason, .. } => ("later", Some(reason)),
            HandlingOutcome::Away { reason, .. } => ("away", Some(reason)),
            HandlingOutcome::Refused { reason } => ("refused", Some(reason)),
            _ => ("unknown", None),
        }
    }

    fn to_json(&self) -> Value {
        let (outcome, reason) = self.told();
        json!({
            "outcome": outcome,
            "attempt": self.attempt,
            "milliseconds": milliseconds(self.took),
            "reason": reason,
        })
    }

    fn text(&self) -> String {
        match self.told() {
            ("done", _) => format!("handed over, {} ms", milliseconds(self.took)),
            ("later", reason) => format!("again later: {}", reason.unwrap_or_default()),
            (_, reason) => format!("refused: {}", reason.unwrap_or_default()),
        }
    }

    /// The line of an outcome that came after the line of its hook.
    pub(super) fn line(&self) -> String {
        let what = format!("#{}", self.id);
        fitting(format!("{} {what} {}", clock(self.at), self.text()))
    }

    /// The object of the same.
    pub(super) fn object(&self) -> Value {
        let mut object = Map::new();
        object.insert("at".to_owned(), Value::from(self.at));
        object.insert("id".to_owned(), Value::from(self.id));
        object.insert("key".to_owned(), Value::from(self.key.as_str()));
        object.insert("handed_over".to_owned(), self.to_json());
        Value::Object(object)
    }
}

impl Arrival {
    /// Whether it is handed over now, if hooks are handed over at all.
    pub(super) fn is_waiting(&self) -> bool {
        self.kept == Kept::Stored
    }

    /// The line: `19:40:01 chat message         c7               proven   #12 handed over, 14 ms`.
    /// The number is that of the entry.
    pub(super) fn line(&self, id: Option<i64>, hand_over: Option<&HandOver>) -> String {
        let what = match self.event.as_str() {
            "" => self.kind.to_owned(),
            event => format!("{} {event}", self.kind),
        };
        let conversation = self.conversation.as_deref().unwrap_or("-");
        let number = id.map(|id| format!("#{id}")).unwrap_or_default();
        let rest = match (self.verdict, self.kept, hand_over) {
            (Verdict::Refused(code), ..) => format!("{} {code}", self.status),
            (_, Kept::Failed, _) => "503 not kept".to_owned(),
            (_, Kept::Full, _) => "503 inbox full".to_owned(),
            (_, Kept::Spooled, _) => "kept in the spool".to_owned(),
            (_, Kept::Duplicate, _) => format!("{number} duplicate"),
            (_, Kept::Not, _) => "not kept".to_owned(),
            (_, Kept::Stored, Some(hand_over)) => format!("{number} {}", hand_over.text()),
            (_, Kept::Stored, None) => format!("{number} kept"),
        };
        fitting(format!(
            "{} {} {} {} {rest}",
            clock(self.at),
            cell(&what, 20),
            cell(conversation, 16),
            cell(self.verdict.name(), 8),
        ))
    }

    /// The object of the same.
    pub(super) fn object(&self, id: Option<i64>, hand_over: Option<&HandOver>) -> Value {
        let reason = match self.verdict {
            Verdict::Refused(code) => Some(code),
            _ => None,
        };
        json!({
            "at": self.at,
            "kind": self.kind,
            "event": Some(&self.event).filter(|event| !event.is_empty()),
            "account": self.account,
            "conversation": self.conversation,
            "verdict": self.verdict.name(),
            "reason": reason,
            "status": self.status,
            "kept": self.kept.name(),
            "id": id,
            "key": self.key,
            "handed_over": hand_over.map(HandOver::to_json),
        })
    }
}

/// Of at most [`COLUMNS`]: a reason of a peer may be long.
fn fitting(line: String) -> String {
    match line.char_indices().nth(COLUMNS) {
        Some((end, _)) => line.get(..end).unwrap_or_default().to_owned(),
        None => line,
    }
}

fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// `19:40:01`, in UTC as every instant of this program.
fn clock(at: u64) -> String {
    let second = at % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// A text of exactly this width: what is longer loses its middle, since ids differ at both ends.
fn cell(text: &str, width: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= width {
        return format!("{text:width$}");
    }
    let tail = width / 3;
    let head = width - tail - 1;
    let skipped = letters.len() - tail;
    let start = letters.iter().take(head);
    let end = letters.iter().skip(skipped);
    start.chain(core::iter::once(&'…')).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Kept, Verdict, cell};

    #[test]
    fn a_line_fits_80_columns_whatever_the_hook_says() {
        for (verdict, kept) in [
            (Verdict::Proven, Kept::Duplicate),
            (Verdict::Refused("signature-malformed"), Kept::Not),
            (Verdict::Unsigned, Kept::Full),
        ] {
            let arrival = Arrival {
                at: 1_796_049_008,
                kind: "digital-pipeline",
                event: "add-outgoing-message".to_owned(),
                account: None,
                conversation: Some("f1e4e02c-f502-4165-9377-8575c55c5ebd".to_owned()),
                verdict,
                status: 400,
                kept,
                key: None,
            };
            let line = arrival.line(Some(123_456), None);
            assert!(line.chars().count() <= 80, "{line}");
            assert!(line.starts_with("14:30:08 "), "{line}");
        }
    }

    #[test]
    fn a_long_id_keeps_both_ends() {
        assert_eq!(cell("c7", 4), "c7  ");
        assert_eq!(cell("0123456789", 7), "0123…89");
    }
}
