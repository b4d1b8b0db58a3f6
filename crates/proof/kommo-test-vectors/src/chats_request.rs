//! Family `chats-request`: signed requests to the Chats API.

use crate::folder::{Folder, find, read_family};
use crate::judgement::{Certainty, Judgement, Verdict};

/// A request as it arrives, and every stage of what a correct signer makes of it.
///
/// The stages (`body_md5`, `string_to_sign`, `signature`) are always the right ones for the method,
/// path, content type, date and body that are here, an absent header being an empty line. What came
/// is in `content_md5` and `received_signature`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChatsRequestCase {
    /// The folder's name, for example `connect-published`.
    pub name: String,
    /// Where the inputs come from.
    pub source: String,
    /// Whether the signature was published.
    pub certainty: Certainty,
    /// Numbers of the rules of `docs/protocol.md` that this case shows.
    pub rules: Vec<String>,
    /// What a receiver must say.
    pub verdict: Verdict,
    /// One sentence, in invalid cases.
    pub reason: Option<String>,
    /// In invalid cases, the code that an explanation must name. None where no code tells the
    /// truth.
    pub finding: Option<String>,
    /// Properties that a test may filter by; the README lists them.
    pub flags: Vec<String>,
    /// The receiver's channel secret, as text.
    pub secret: String,
    /// The method of the request line.
    pub method: String,
    /// The target of the request line: path and query.
    pub target: String,
    /// The path that is signed.
    pub path: String,
    /// The `Host` header.
    pub host: String,
    /// The `Content-Type` header, if it came.
    pub content_type: Option<String>,
    /// The `Date` header, if it came.
    pub date: Option<String>,
    /// The `Content-MD5` header as it came, right or wrong.
    pub content_md5: Option<String>,
    /// When the request is judged, in Unix seconds.
    pub at: i64,
    /// `body-only` if the older scheme of rule S10 made the received signature.
    pub scheme: Option<String>,
    /// Request line and headers, joined by line feeds, without a final one.
    pub request: String,
    /// The body as it arrives. Empty under the flag `md5-given`, where only its MD5 is known.
    pub body: Vec<u8>,
    /// The MD5 of the body as 32 lower-case hex digits, as a correct signer writes it.
    pub body_md5: String,
    /// The five lines of a correct signer.
    pub string_to_sign: String,
    /// The signature of a correct signer.
    pub signature: String,
    /// The `X-Signature` header as it came; none if it did not come. In valid cases equal to
    /// `signature`.
    pub received_signature: Option<String>,
}

impl ChatsRequestCase {
    /// True if a receiver must accept the request.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.verdict == Verdict::Valid
    }

    /// True if the case has that flag.
    #[must_use]
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// True if the received signature is the right one. That holds for every valid case, and for
    /// those invalid ones that are refused for another reason, such as a stale date (flag
    /// `signature-matches`).
    #[must_use]
    pub fn signature_matches(&self) -> bool {
        self.received_signature.as_ref() == Some(&self.signature)
    }

    /// The headers in the order of `request`, `Host` first.
    #[must_use]
    pub fn headers(&self) -> Vec<(&str, &str)> {
        self.request
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .collect()
    }

    fn read(folder: &mut Folder) -> Self {
        let Judgement {
            name,
            source,
            certainty,
            rules,
            verdict,
            reason,
            finding,
        } = folder.judgement();
        let flags = folder.texts("flags");
        let signature = folder.stage("signature.txt");
        let received_signature = match verdict {
            Verdict::Valid => Some(signature.clone()),
            Verdict::Invalid => folder.optional_stage("received-signature.txt"),
        };
        let body_is_known = !flags.iter().any(|flag| flag == "md5-given");
        Self {
            name,
            source,
            certainty,
            rules,
            verdict,
            reason,
            finding,
            flags,
            secret: folder.text("secret"),
            method: folder.text("method"),
            target: folder.text("target"),
            path: folder.text("path"),
            host: folder.text("host"),
            content_type: folder.nullable_text("content_type"),
            date: folder.nullable_text("date"),
            content_md5: folder.nullable_text("content_md5"),
            at: folder.integer("at"),
            scheme: folder.optional_text("scheme"),
            request: folder.stage("request.txt"),
            body: if body_is_known {
                folder.bytes("body.bin")
            } else {
                Vec::new()
            },
            body_md5: folder.stage("content-md5.txt"),
            string_to_sign: folder.stage("string-to-sign.txt"),
            signature,
            received_signature,
        }
    }
}

/// All cases, in the order of their names.
///
/// # Panics
///
/// If a folder is damaged or has an unknown field or file; the message names it.
#[must_use]
#[track_caller]
pub fn chats_requests() -> Vec<ChatsRequestCase> {
    read_family("chats-request", ChatsRequestCase::read)
}

/// The case with that name.
///
/// # Panics
///
/// If there is none, or as [`chats_requests`].
#[must_use]
#[track_caller]
pub fn chats_request(name: &str) -> ChatsRequestCase {
    find(chats_requests(), "chats-request", name, |case| &case.name)
}
