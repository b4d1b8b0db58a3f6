//! What to say of a signature: the smallest recipe that gives it, or why nothing can be said.

use alloc::vec::Vec;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::search::Budget;
use crate::signature::signature_text::{self, Reading, SignatureForm};

/// One round of a search: a family of recipes with a number of deviations.
pub(crate) type Round<'r> = &'r dyn Fn(&Reading, &mut Budget) -> Option<Vec<Finding>>;

/// What was found about a signature.
pub(crate) struct Outcome {
    /// Whether a recipe yields it.
    pub(crate) is_explained: bool,
    pub(crate) findings: Vec<Finding>,
}

/// Tries each reading of the text in each round, the rounds with few deviations first.
pub(crate) fn find(
    text: &str,
    form: SignatureForm,
    rounds: &[Round<'_>],
    budget: &mut Budget,
) -> Outcome {
    let readings = signature_text::readings(text, form);
    for round in rounds {
        for reading in &readings {
            if let Some(recipe) = round(reading, budget) {
                let mut findings = reading.findings.clone();
                findings.extend(recipe);
                return Outcome {
                    is_explained: true,
                    findings,
                };
            }
        }
    }
    Outcome {
        is_explained: false,
        findings: unexplained(text, form, &readings),
    }
}

fn unexplained(text: &str, form: SignatureForm, readings: &[Reading]) -> Vec<Finding> {
    let unknown = Finding::new(
        FindingCode::Unknown,
        "No known recipe yields this signature with this secret: probably another secret, or other bytes.",
    );
    let own = readings.iter().find(|reading| reading.hash == form.hash);
    if let Some(reading) = own {
        let findings = reading.findings.iter().cloned();
        return findings.chain([unknown]).collect();
    }
    // Of another length. That it can be read as base64 says little: most texts of letters and
    // digits can.
    let is_hex = readings.iter().any(|reading| {
        let mut codes = reading.findings.iter().map(Finding::code);
        codes.all(|code| code != FindingCode::SignatureBase64)
    });
    let malformed = signature_text::malformed(text, form);
    malformed
        .into_iter()
        .chain(is_hex.then_some(unknown))
        .collect()
}

/// The finding for a text that is the right signature without some of its digits: the last ones, or
/// zeros.
pub(crate) fn incomplete(text: &str, right: &str) -> Option<Finding> {
    let came = text.trim().len();
    let expected = right.len();
    if signature_text::is_beginning(text, right) {
        let message = alloc::format!("The signature is cut: {came} of {expected} digits came.");
        return Some(Finding::new(FindingCode::SignatureTruncated, message));
    }
    signature_text::lacks_zeros(text, right).then(|| {
        let message =
            alloc::format!("The signature lacks zeros: {came} of {expected} digits came.");
        Finding::new(FindingCode::SignatureZerosLost, message)
    })
}
