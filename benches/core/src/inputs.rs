//! Bodies and headers of the benchmarks. No randomness: a difference between two runs is never one
//! of inputs.

/// A channel secret of the usual shape: 40 hex digits.
pub const CHANNEL_SECRET: &str = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189";

/// An AppSecret of the Open API.
pub const APP_SECRET: &str = "0f6b1d9a-52c4-4e0b-9d0e-6a1f8c7b3e25";

/// The method of every measured request.
pub const METHOD: &str = "POST";

/// The content type of every measured request.
pub const CONTENT_TYPE: &str = "application/json";

/// The date of every measured request.
pub const DATE: &str = "Wed, 23 Nov 2022 19:25:21 +0000";

/// The longest path in use: that of a message, with a channel id and an amojo id.
pub const PATH: &str =
    "/v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41_af9945ff-1490-4cad-807d-945c15d88bec";

/// The five lines that are signed for a body whose MD5 has these 32 hex digits.
#[must_use]
pub fn string_to_sign(content_md5: &str) -> String {
    [METHOD, content_md5, CONTENT_TYPE, DATE, PATH].join("\n")
}

const OPENING: &str = r#"{"account_id":"af9945ff-1490-4cad-807d-945c15d88bec","text":""#;
const CLOSING: &str = r#""}"#;
const WORDS: [&str; 8] = [
    "order ",
    "number ",
    "delivery ",
    "tomorrow ",
    "thanks ",
    "please ",
    "call ",
    "back ",
];

/// A JSON message of exactly that many bytes, or no body at all for 0.
///
/// # Panics
///
/// If a message is too short for its own braces: below 63 bytes, but for 0.
#[must_use]
pub fn body(bytes: usize) -> Vec<u8> {
    if bytes == 0 {
        return Vec::new();
    }
    let text_bytes = bytes.checked_sub(OPENING.len() + CLOSING.len());
    #[expect(clippy::expect_used, reason = "documented under Panics")]
    let text_bytes = text_bytes.expect("a body has room for its account id");
    let text = WORDS.iter().cycle().flat_map(|word| word.bytes());
    let body: Vec<u8> = OPENING
        .bytes()
        .chain(text.take(text_bytes))
        .chain(CLOSING.bytes())
        .collect();
    body
}

/// The same, with a line feed as its last byte: as many bytes in all.
///
/// # Panics
///
/// As [`body`], one byte earlier.
#[must_use]
pub fn body_ending_in_line_feed(bytes: usize) -> Vec<u8> {
    let mut body = body(bytes.saturating_sub(1));
    body.push(b'\n');
    body
}
