//! Everything that is known of one journal entry: the request and its answer whole, and the string
//! to sign beside the expected one.

use serde::{Deserialize, Serialize};

use crate::state::journal::JournalEntry;

/// Whether the secrets in a record are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SecretView {
    /// Secrets, codes and tokens are replaced, and headers that carry one are their lengths.
    #[default]
    Masked,
    /// Everything is as it went over the wire.
    Shown,
}

/// A journal entry with its request and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JournalRecord {
    /// The entry itself; always masked.
    pub entry: JournalEntry,
    /// Whether secrets are masked in the rest.
    pub secrets: SecretView,
    /// What the server took for the time, in Unix seconds: the virtual clock, with a fault's skew.
    pub judged_at: u64,
    /// The request; `None` if it was dropped to make room for newer ones.
    pub request: Option<RecordedRequest>,
    /// The answer; `None` if the connection was cut, and for a request that the sandbox sent.
    pub response: Option<RecordedResponse>,
    /// The lines of the string to sign of a Chats API request; empty for any other.
    #[serde(default)]
    pub string_to_sign: Vec<SignedLine>,
}

/// A request as it went over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// Path and query; of a request that the sandbox sent the whole address.
    pub target: String,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// How many headers more there were.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub headers_left_out: usize,
    /// The body.
    pub body: RecordedBody,
}

/// An answer as it went over the wire; its status is that of the entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedResponse {
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// How many headers more there were.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub headers_left_out: usize,
    /// As much of the body as the connection has taken.
    pub body: RecordedBody,
}

/// A body as it went over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedBody {
    /// The length in bytes.
    pub bytes: u64,
    /// How many bytes of the end were not kept.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub bytes_left_out: u64,
    /// The text, if it is one; masked if secrets are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// The exact bytes in standard base64; `None` if a secret is masked in the text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base64: Option<String>,
}

/// One line of the string to sign: what the request says, and what the server expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignedLine {
    /// `method`, `content-md5`, `content-type`, `date` or `path`.
    pub name: String,
    /// The line as the request that came makes it.
    pub received: String,
    /// The line of a right request with this body, at this time.
    pub expected: String,
    /// Whether the received line is wrong.
    pub differs: bool,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}
