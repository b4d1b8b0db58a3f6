//! Family `disconnect`: the hook that tells of a revoked access.

use crate::folder::{Folder, find, read_family};
use crate::judgement::{Certainty, Judgement, Verdict};

/// The query of a disconnect hook, and what a correct reader makes of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DisconnectCase {
    /// The folder's name, for example `valid`.
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
    /// The receiver's own client id.
    pub client_id: String,
    /// The account id that a correct reader finds in the query; none if it must refuse what it
    /// finds.
    pub account_id: Option<u64>,
    /// The receiver's current client secret, as text.
    pub secret: String,
    /// All secrets that the receiver keeps, the current one first; longer than one during a
    /// rotation (rule X6).
    pub secrets: Vec<String>,
    /// The query as it arrives, without the question mark.
    pub query: String,
    /// What enters the MAC of a correct receiver: its own client id, a pipe, the number. None
    /// without a number.
    pub string_to_sign: Option<String>,
    /// The value of `signature` as it came, with its percent escapes decoded; none if it did not
    /// come.
    pub signature: Option<String>,
}

impl DisconnectCase {
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
        let secret = folder.text("secret");
        Self {
            name,
            source,
            certainty,
            rules,
            verdict,
            reason,
            finding,
            client_id: folder.text("client_id"),
            account_id: folder.nullable_number("account_id"),
            secrets: folder
                .optional_texts("secrets")
                .unwrap_or_else(|| vec![secret.clone()]),
            secret,
            query: folder.stage("query.txt"),
            string_to_sign: folder.optional_stage("string-to-sign.txt"),
            signature: folder.optional_stage("signature.txt"),
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
pub fn disconnects() -> Vec<DisconnectCase> {
    read_family("disconnect", DisconnectCase::read)
}

/// The case with that name.
///
/// # Panics
///
/// If there is none, or as [`disconnects`].
#[must_use]
#[track_caller]
pub fn disconnect(name: &str) -> DisconnectCase {
    find(disconnects(), "disconnect", name, |case| &case.name)
}
