//! What every case says about itself, whatever its family: where it comes from and what is right.

/// Whether somebody else printed the signature, or it was computed for this workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Certainty {
    /// A vendor's page prints the inputs and the signature, and they agree.
    Published,
    /// No published signature is known; an independent implementation computed it.
    Computed,
}

/// What a receiver must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Accept.
    Valid,
    /// Refuse.
    Invalid,
}

/// The fields that all families have; each family's struct repeats them by the same names.
pub(crate) struct Judgement {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) certainty: Certainty,
    pub(crate) rules: Vec<String>,
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<String>,
    pub(crate) finding: Option<String>,
}
