//! Checks on an explanation.

use kommo_explain::Explanation;

/// The codes of all findings, in their order.
pub(crate) fn codes(explanation: &Explanation) -> Vec<&'static str> {
    let findings = explanation.findings().iter();
    findings.map(|finding| finding.code().as_str()).collect()
}

/// Refused, for exactly these reasons.
#[track_caller]
pub(crate) fn refused(explanation: &Explanation, expected: &[&str]) {
    assert!(!explanation.accepted(), "accepted: {explanation:?}");
    assert_eq!(codes(explanation), expected, "{explanation:?}");
}

/// Accepted, without a word.
#[track_caller]
pub(crate) fn accepted(explanation: &Explanation) {
    assert!(explanation.accepted(), "refused: {explanation:?}");
    assert_eq!(codes(explanation), [""; 0]);
}
