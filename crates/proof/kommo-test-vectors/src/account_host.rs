//! Family `account-host`: what names an account and what does not.

use crate::folder::{Folder, find, read_family};
use crate::judgement::{Certainty, Judgement, Verdict};

/// A text that claims to name an account, and the host that it stands for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AccountHostCase {
    /// The folder's name, for example `https-and-slash`.
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
    /// The text as it arrives.
    pub input: String,
    /// The host that a secret may go to, normalised; none in invalid cases.
    pub host: Option<String>,
}

impl AccountHostCase {
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
            input: folder.stage("input.txt"),
            host: folder.optional_stage("host.txt"),
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
pub fn account_hosts() -> Vec<AccountHostCase> {
    read_family("account-host", AccountHostCase::read)
}

/// The case with that name.
///
/// # Panics
///
/// If there is none, or as [`account_hosts`].
#[must_use]
#[track_caller]
pub fn account_host(name: &str) -> AccountHostCase {
    find(account_hosts(), "account-host", name, |case| &case.name)
}
