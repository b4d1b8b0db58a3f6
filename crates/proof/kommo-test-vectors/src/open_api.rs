//! Family `open-api`: bodies signed with `x-chat-signature`, requests and webhooks alike.

use crate::folder::{Folder, find, read_family};
use crate::judgement::{Certainty, Judgement, Verdict};

/// A body as it arrives, and its signature.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenApiCase {
    /// The folder's name, for example `sample`.
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
    /// The receiver's AppSecret, as text. Empty in one invalid case (rule O5).
    pub secret: String,
    /// The body as it arrives.
    pub body: Vec<u8>,
    /// The `x-chat-signature` header as it came.
    pub signature: String,
}

impl OpenApiCase {
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
            body: folder.bytes("body.bin"),
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
pub fn open_api_bodies() -> Vec<OpenApiCase> {
    read_family("open-api", OpenApiCase::read)
}

/// The case with that name.
///
/// # Panics
///
/// If there is none, or as [`open_api_bodies`].
#[must_use]
#[track_caller]
pub fn open_api_body(name: &str) -> OpenApiCase {
    find(open_api_bodies(), "open-api", name, |case| &case.name)
}
