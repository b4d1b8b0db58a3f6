//! Family `visitor`: the visitor signature (`sbs_mm`) of the chat page and the widget.

use crate::folder::{Folder, find, read_family};
use crate::judgement::{Certainty, Judgement, Verdict};

/// The inputs of a visitor signature, and both of its stages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VisitorCase {
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
    /// The customer's identifier.
    pub sbs: String,
    /// The random string.
    pub ranstr: String,
    /// The AppSecret, as text.
    pub secret: String,
    /// The first MD5, of `sbs`, an underscore and the secret, as lower-case hex.
    pub inner_md5: String,
    /// The second MD5, of the first one's text, an underscore and `ranstr`.
    pub signature: String,
}

impl VisitorCase {
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
            sbs: folder.text("sbs"),
            ranstr: folder.text("ranstr"),
            secret: folder.text("secret"),
            inner_md5: folder.stage("inner-md5.txt"),
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
pub fn visitors() -> Vec<VisitorCase> {
    read_family("visitor", VisitorCase::read)
}

/// The case with that name.
///
/// # Panics
///
/// If there is none, or as [`visitors`].
#[must_use]
#[track_caller]
pub fn visitor(name: &str) -> VisitorCase {
    find(visitors(), "visitor", name, |case| &case.name)
}
