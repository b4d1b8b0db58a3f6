//! The journal by the control API: the entries, and one entry with its request and answer whole.

use axum::http::{Method, StatusCode};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::chats::signed_lines::signed_lines;
use crate::control::calls::{ControlCall, ControlError, ROUTES, after_of};
use crate::faults::surface::Surface;
use crate::secrets::mask::without_members;
use crate::state::journal::Direction;
use crate::state::journal_record::{
    JournalRecord, RecordedBody, RecordedRequest, RecordedResponse, SecretView, SignedLine,
};
use crate::state::platform::Platform;
use crate::state::wire_record::{WireHeaders, WireRecord};

/// The headers of which a masked record shows the length alone.
const SECRET_HEADERS: [&str; 8] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-auth-token",
    "x-chat-signature",
    "x-refresh-token",
    "x-signature",
];

/// Carries out a call about the journal; `None` for a call about something else.
pub(crate) fn journal_control(
    platform: &Platform,
    call: &ControlCall<'_>,
) -> Option<Result<Value, ControlError>> {
    let number = call.path.strip_prefix("/journal/");
    if call.path != "/journal" && number.is_none() {
        return None;
    }
    if call.method != Method::GET {
        let error = format!("method not allowed; allowed here: {ROUTES}");
        return Some(Err(ControlError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            error,
        )));
    }
    Some(match number {
        None => entries(platform, call.query),
        Some(number) => record(platform, number, call.query),
    })
}

fn entries(platform: &Platform, query: Option<&str>) -> Result<Value, ControlError> {
    let after = after_of(query)?;
    let (entries, latest) = {
        let state = platform.lock();
        (state.journal.after(after), state.journal.latest_id())
    };
    Ok(json!({ "entries": entries, "latest": latest }))
}

fn record(platform: &Platform, number: &str, query: Option<&str>) -> Result<Value, ControlError> {
    let view = match query.unwrap_or_default() {
        "" | "secrets=masked" => SecretView::Masked,
        "secrets=shown" => SecretView::Shown,
        _ => {
            let error = "the query is neither secrets=shown nor secrets=masked";
            return Err(ControlError::bad_request(error));
        }
    };
    let record = number
        .parse()
        .ok()
        .and_then(|id| platform.journal_record(id, view));
    record.map(|record| json!(record)).ok_or_else(|| {
        let error = "no entry of the journal has this number; the latest 1000 are kept";
        ControlError::new(StatusCode::NOT_FOUND, error)
    })
}

impl Platform {
    /// One entry of the journal with its request and answer; `None` if there is none with this id,
    /// or no longer.
    ///
    /// # Security
    ///
    /// [`SecretView::Shown`] shows what came as it came, with every secret, token and signature in
    /// it.
    #[must_use]
    pub fn journal_record(&self, id: u64, secrets: SecretView) -> Option<JournalRecord> {
        let (entry, kept) = self.lock().journal.find(id)?;
        let view = View {
            platform: self,
            secrets,
        };
        let is_signed = entry.surface == Some(Surface::Chats) && entry.direction == Direction::In;
        let lines = kept
            .as_ref()
            .filter(|_| is_signed)
            .map_or_else(Vec::new, |kept| {
                let rules = self.signature_rules();
                kept.view(|request| signed_lines(request, rules, kept.judged_at))
            });
        Some(JournalRecord {
            secrets,
            judged_at: kept.as_ref().map_or(entry.at, |kept| kept.judged_at),
            response: kept.as_ref().and_then(|kept| view.response(kept)),
            string_to_sign: lines.into_iter().map(|line| view.line(line)).collect(),
            request: kept.as_ref().map(|kept| view.request(kept)),
            entry,
        })
    }
}

/// Shows what was kept, with or without its secrets.
struct View<'a> {
    platform: &'a Platform,
    secrets: SecretView,
}

impl View<'_> {
    fn request(&self, kept: &WireRecord) -> RecordedRequest {
        RecordedRequest {
            method: self.text(&kept.method),
            target: self.text(&kept.target),
            headers: self.headers(&kept.headers),
            headers_left_out: kept.headers.left_out,
            body: self.body(&kept.body, kept.body.len() as u64),
        }
    }

    fn response(&self, kept: &WireRecord) -> Option<RecordedResponse> {
        let answer = kept.answer.as_ref()?;
        let (body, bytes) = answer.body.so_far();
        Some(RecordedResponse {
            headers: self.headers(&answer.headers),
            headers_left_out: answer.headers.left_out,
            body: self.body(&body, bytes),
        })
    }

    fn line(&self, line: SignedLine) -> SignedLine {
        SignedLine {
            received: self.text(&line.received),
            expected: self.text(&line.expected),
            ..line
        }
    }

    fn headers(&self, headers: &WireHeaders) -> Vec<(String, String)> {
        let kept = headers.kept.iter();
        kept.map(|(name, value)| (name.clone(), self.value(name, value)))
            .collect()
    }

    fn value(&self, name: &str, value: &[u8]) -> String {
        if self.secrets == SecretView::Masked && SECRET_HEADERS.contains(&name) {
            return format!("({} bytes)", value.len());
        }
        self.text(&String::from_utf8_lossy(value))
    }

    fn body(&self, kept: &[u8], bytes: u64) -> RecordedBody {
        let lossy = String::from_utf8_lossy(kept);
        let shown = self.text(&lossy);
        let is_text = core::str::from_utf8(kept).is_ok();
        RecordedBody {
            bytes,
            bytes_left_out: bytes.saturating_sub(kept.len() as u64),
            base64: (shown == lossy).then(|| Base64::encode_string(kept)),
            text: is_text.then_some(shown),
        }
    }

    fn text(&self, text: &str) -> String {
        match self.secrets {
            SecretView::Masked => without_members(&self.platform.masked(text)),
            SecretView::Shown => text.to_owned(),
        }
    }
}
