//! Explains the query of a disconnect hook.

mod parameters;
mod message;

use alloc::vec::Vec;

use kommo_sign::{ClientSecret, DisconnectKey, SecretError};

use crate::answer::explanation::Explanation;
use crate::answer::finding_code::FindingCode;
use crate::search::Budget;
use crate::signature::secret_variants::key_variants;
use crate::signature::signature_search;
use crate::signature::signature_text::SignatureForm;
use crate::signature::wrong_mac::Hash;

use message::MessageSearch;
use parameters::Parameters;

const FORM: SignatureForm = SignatureForm {
    hash: Hash::Sha256,
    digits: 64,
    upper_case: true,
};

/// Whether a disconnect hook would be accepted, and if not, which rules it breaks.
///
/// `query` is the query as it came, with or without its `?`; `our_client_id` the integration's own
/// id; `secret` the text of the client secret. Never panics; computes at most
/// [`MACS_MAX`](crate::MACS_MAX) MACs.
///
/// Source: rules X1 to X5 of `docs/protocol.md`.
///
/// # Errors
///
/// - `secret` is `""`: [`SecretError::Empty`]; `"\n"`: [`SecretError::Blank`].
/// - `secret` has 257 bytes: [`SecretError::TooLong`].
///
/// # Security
///
/// The answer is for the owner of the secret. It would show a peer how close a forged signature
/// came.
pub fn explain_disconnect(
    query: &str,
    our_client_id: &str,
    secret: &str,
) -> Result<Explanation, SecretError> {
    let key = DisconnectKey::new(&ClientSecret::new(secret)?);
    if key.verify_query(our_client_id, query).is_ok() {
        return Ok(Explanation::new(true, Vec::new(), 0));
    }
    let parameters = Parameters::of(query);
    let refusals = parameters.refusals(our_client_id);
    let Some(signature) = parameters.signature() else {
        return Ok(Explanation::new(false, refusals, 0));
    };
    let account_id = parameters.account_number();
    let truncated = account_id.and_then(|account_id| {
        let right = key.sign(our_client_id, account_id);
        signature_search::incomplete(signature, right.as_str())
    });
    if let Some(finding) = truncated {
        let findings = core::iter::once(finding).chain(refusals).collect();
        return Ok(Explanation::new(false, findings, 0));
    }
    let keys = key_variants(secret);
    let search = MessageSearch::new(&parameters, query, our_client_id, &keys);
    let mut budget = Budget::new();
    let outcome = signature_search::find(
        signature,
        FORM,
        &[
            &|reading, budget| search.run(reading, 0, budget),
            &|reading, budget| search.run(reading, 1, budget),
            &|reading, budget| search.whole_query(reading, budget),
            &|reading, budget| search.run(reading, 2, budget),
        ],
        &mut budget,
    );
    let mut findings = outcome.findings;
    // Without an account the message cannot be made again: then the signature is not unknown, it
    // cannot be judged.
    if account_id.is_none() {
        findings.retain(|finding| finding.code() != FindingCode::Unknown);
    }
    findings.extend(refusals);
    Ok(Explanation::new(false, findings, budget.spent()))
}
