//! Family `chat-hook`: hooks that the Chats API sends.

use crate::folder::{Folder, find, read_family};
use crate::judgement::{Certainty, Judgement, Verdict};

/// Which bytes of a body the signature covers (rule H2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Covered {
    /// All of them.
    Raw,
    /// All but one final line feed.
    WithoutLf,
    /// All but one final CR LF.
    WithoutCrlf,
}

/// A hook as it arrives, and the bytes that its signature was made over.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChatHookCase {
    /// The folder's name, for example `message-unsigned-newline`.
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
    /// The receiver's channel secret, as text.
    pub secret: String,
    /// The reading of the body under which the signature fits; none in invalid cases.
    pub covered: Option<Covered>,
    /// The body as it arrives.
    pub body: Vec<u8>,
    /// The bytes that the sender signed. In invalid cases they may differ from every accepted
    /// reading of `body`.
    pub signed_body: Vec<u8>,
    /// The `X-Signature` header as it came.
    pub signature: String,
}

impl ChatHookCase {
    /// True if a receiver must accept it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.verdict == Verdict::Valid
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
        Self {
            name,
            source,
            certainty,
            rules,
            verdict,
            reason,
            finding,
            secret: folder.text("secret"),
            covered: folder
                .nullable_text("covered")
                .map(|covered| match covered.as_str() {
                    "raw" => Covered::Raw,
                    "without-lf" => Covered::WithoutLf,
                    "without-crlf" => Covered::WithoutCrlf,
                    other => folder.refuse(&format!("covered `{other}`")),
                }),
            body: folder.bytes("body.bin"),
            signed_body: folder.bytes("signed-body.bin"),
            signature: folder.stage("signature.txt"),
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
pub fn chat_hooks() -> Vec<ChatHookCase> {
    read_family("chat-hook", ChatHookCase::read)
}

/// The case with that name.
///
/// # Panics
///
/// If there is none, or as [`chat_hooks`].
#[must_use]
#[track_caller]
pub fn chat_hook(name: &str) -> ChatHookCase {
    find(chat_hooks(), "chat-hook", name, |case| &case.name)
}
