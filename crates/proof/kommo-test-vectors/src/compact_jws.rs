//! Family `compact-jws`: tokens of widgets and bots.

use crate::folder::{Folder, find, read_family};
use crate::judgement::{Certainty, Judgement, Verdict};

/// A token as it arrives, and the verifier that it arrives at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CompactJwsCase {
    /// The folder's name, for example `widget-hs256`.
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
    /// The algorithm that the verifier demands, `HS256` or `HS512`; the token may name another
    /// (rule J3).
    pub algorithm: String,
    /// The receiver's client secret, as text.
    pub secret: String,
    /// The whole token.
    pub token: String,
    /// Header and payload, up to the second dot and without it.
    pub signed_part: String,
    /// What follows the second dot: base64 for URLs, without padding.
    pub signature: String,
}

impl CompactJwsCase {
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
            algorithm: folder.text("algorithm"),
            secret: folder.text("secret"),
            token: folder.stage("token.txt"),
            signed_part: folder.stage("signed-part.txt"),
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
pub fn compact_jws() -> Vec<CompactJwsCase> {
    read_family("compact-jws", CompactJwsCase::read)
}

/// The case with that name.
///
/// # Panics
///
/// If there is none, or as [`compact_jws`].
#[must_use]
#[track_caller]
pub fn compact_jws_case(name: &str) -> CompactJwsCase {
    find(compact_jws(), "compact-jws", name, |case| &case.name)
}
