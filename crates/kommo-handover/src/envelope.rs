//! What is handed on: an envelope in JSON, as Standard Webhooks recommends it, around the bytes as
//! they came.
//!
//! ```text
//! {"type":"chat.message","timestamp":"2026-11-30T14:30:08Z","data":{
//!   "account":"chats:52e591f7-…","conversation":"5f0c…",
//!   "proof":{"kind":"chat","key_id":"2026-11","verified_at":1796049008,"covers":"body"},
//!   "json":{ …the proven bytes, unchanged… }}}
//! ```
//!
//! The whole of it is signed, so what says how the bytes were proven is too; headers beside a raw
//! body would not be. The same hook is the same bytes at every attempt.
//!
//! Source: rule W4 of `docs/protocol.md`.

use base64ct::{Base64, Encoding as _};
use kommo_hooks::StoredVerified;
use kommo_store::ClaimedHook;
use serde_json::{Value, json};

/// The content type of an envelope.
pub const CONTENT_TYPE: &str = "application/json";

/// The type of a hook, as Standard Webhooks writes types: the kind and the event, such as
/// `chat.message`, `open_api.unreplied`, `bot_token.widget_request` or `unsigned_crm.add_lead`.
#[must_use]
pub fn event_type(hook: &ClaimedHook) -> String {
    format!("{}.{}", hook.origin().name(), hook.event()).replace('-', "_")
}

/// The envelope of a hook: `type`, `timestamp` (when it was stored) and `data`, with
///
/// - `account`: whose it is (`crm:…`, `chats:…`), or null;
/// - `conversation`: the hash of its conversation, or null. Hooks of one come in their order;
/// - `proof`: how it was proven (`kind`, `key_id`, `verified_at` in Unix seconds), and what the
///   proof covers: `body`, or `token`: **then the token in the body is proven, and what stands
///   around it is not**. Null: **it has no proof**, and anybody may have sent it;
/// - one of these: `json`, the bytes as they came, if they are JSON that every parser reads;
///   `text`, if they are another text, such as the form of a CRM webhook; `base64`.
#[must_use]
pub fn envelope(hook: &ClaimedHook) -> Vec<u8> {
    let proof = hook.origin().proof().map(|proof| {
        json!({
            "kind": proof.kind.name(),
            "key_id": proof.key_id.as_str(),
            "verified_at": proof.verified_at,
            "covers": if hook.token_proven().is_some() { "token" } else { "body" },
        })
    });
    let proven = hook.proven().map(StoredVerified::into_inner);
    let in_part = || hook.token_proven().map(|(_, bytes)| bytes);
    let unsigned = || hook.unsigned().map(|(_, bytes)| bytes);
    let bytes = proven
        .or_else(in_part)
        .or_else(unsigned)
        .unwrap_or_default();
    let head = format!(
        "{{\"type\":{},\"timestamp\":{},\"data\":{{\"account\":{},\"conversation\":{},\"proof\":{},",
        Value::from(event_type(hook)),
        Value::from(rfc_3339(hook.stored_at().get())),
        Value::from(hook.account()),
        Value::from(hook.conversation()),
        Value::from(proof),
    );
    whole(&head, bytes).into_bytes()
}

/// With the last member. JSON stays byte for byte: it is not written anew. What not every parser
/// reads (half a surrogate pair, a number beyond all measure, depth) is a text, so that nobody who
/// writes a message can make an envelope that a receiver cannot read: it is the envelope that is
/// read here, since the bytes stand deeper in it than alone.
fn whole(head: &str, bytes: &[u8]) -> String {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return format!("{head}\"base64\":\"{}\"}}}}", Base64::encode_string(bytes));
    };
    // The bytes alone too: `1,"text":""` is JSON only within an envelope.
    let envelope = format!("{head}\"json\":{text}}}}}");
    let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    match is_json(text) && is_json(&envelope) {
        true => envelope,
        false => format!("{head}\"text\":{}}}}}", Value::from(text)),
    }
}

/// An instant as RFC 3339 writes it, in UTC.
fn rfc_3339(unix_seconds: u64) -> String {
    let (days, seconds) = (unix_seconds / 86_400, unix_seconds % 86_400);
    // Years that begin in March, in eras of 400 (146,097 days); the last day of a year is then the
    // one that may be missing.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!(
        "{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        era * 400 + year + later,
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{rfc_3339, whole};

    const HEAD: &str = "{\"data\":{";

    fn content(bytes: &[u8]) -> String {
        let envelope = whole(HEAD, bytes);
        assert!(
            serde_json::from_str::<Value>(&envelope).is_ok(),
            "{envelope}"
        );
        let member = envelope.strip_prefix(HEAD).unwrap().strip_suffix("}}");
        member.unwrap().to_owned()
    }

    #[test]
    fn instants_are_written_as_another_language_writes_them() {
        // Python: datetime.fromtimestamp(n, UTC).isoformat()
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_796_049_008, "2026-11-30T14:30:08Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc_3339(seconds), text);
        }
    }

    #[test]
    fn bytes_are_json_as_it_came_or_a_text_or_base64() {
        for (bytes, member) in [
            (
                &b"{\"a\": 1.0e2, \"a\":2 }"[..],
                "\"json\":{\"a\": 1.0e2, \"a\":2 }",
            ),
            (b"[1e400]", "\"text\":\"[1e400]\""),
            (b"[\"\\ud800\"]", "\"text\":\"[\\\"\\\\ud800\\\"]\""),
            (b"a[b]=1&c=%22", "\"text\":\"a[b]=1&c=%22\""),
            (b"", "\"text\":\"\""),
            (b"{\"a\":1}x\"", "\"text\":\"{\\\"a\\\":1}x\\\"\""),
            (b"\xff\0", "\"base64\":\"/wA=\""),
        ] {
            assert_eq!(content(bytes), member);
        }
        // Too deep to be read is a text; in the envelope, two levels are taken.
        let deep = "[".repeat(10_000);
        assert!(content(deep.as_bytes()).starts_with("\"text\":\"[["));
        for depth in 1..200 {
            let deep = "[".repeat(depth) + &"]".repeat(depth);
            let is_json = content(deep.as_bytes()).starts_with("\"json\":");
            assert_eq!(is_json, depth <= 125, "{depth}");
        }
        // What would be members of the envelope is a text.
        assert!(content(b"1,\"base64\":\"\"").starts_with("\"text\":"));
    }
}
