//! Explains a Chats API request.

mod headers;
mod lines;

use alloc::format;
use alloc::vec::Vec;

use kommo_sign::{
    CanonicalRequest, ChannelSecret, ChatsSigner, ContentMd5, ContentType, RequestDate,
    RequestMethod, RequestPath, SecretError, Signature,
};

use crate::answer::explanation::Explanation;
use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::body::search::BodySearch;
use crate::body::variants::BodyVariants;
use crate::lines::content_md5::Digests;
use crate::lines::line_variants::method_came_lower;
use crate::received_request::ReceivedRequest;
use crate::search::Budget;
use crate::signature::secret_variants::key_variants;
use crate::signature::signature_search::{self, Outcome};
use crate::signature::signature_text::{Reading, SignatureForm};
use crate::signature::wrong_mac::Hash;

use headers::Headers;
use lines::LineSearch;

const FORM: SignatureForm = SignatureForm {
    hash: Hash::Sha1,
    digits: 40,
    upper_case: false,
};

/// Whether a Chats API request would be accepted, and if not, which rules it breaks.
///
/// `secret` is the text of the channel secret, with whatever white space it came with. `now` is the
/// time of the judgement in Unix seconds; without it the age of the date is not judged. Never
/// panics; computes at most [`MACS_MAX`](crate::MACS_MAX) MACs.
///
/// Source: rules S1 to S14 and D1 to D7 of `docs/protocol.md`.
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
pub fn explain_chats_request(
    request: &ReceivedRequest<'_>,
    secret: &str,
    now: Option<u64>,
) -> Result<Explanation, SecretError> {
    let signer = ChatsSigner::new(&ChannelSecret::new(secret)?);
    let headers = Headers::of(request);
    let mut refusals = headers.refusals(now);
    refusals.extend(line_refusals(request));
    let warnings = headers.warnings();
    let right = right_signature(request, &headers, &signer);
    let is_right = right.as_ref().is_some_and(|right| {
        let received = headers.signature.map(Signature::parse);
        received.is_some_and(|received| received.is_ok_and(|received| right.matches(&received)))
    });
    if is_right && refusals.is_empty() && body_is_named(request, &headers) {
        return Ok(Explanation::new(true, warnings, 0));
    }

    let bodies = BodyVariants::of(request.body());
    let digests = Digests::of(headers.content_md5, &bodies);
    refusals.extend(digests.form_finding());
    let body_findings = digests.body_findings();
    let Some(received) = headers.signature.filter(|_| !is_right) else {
        let findings = body_findings.into_iter().chain(refusals).chain(warnings);
        return Ok(Explanation::new(false, findings.collect(), 0));
    };

    let keys = key_variants(secret);
    let lines = LineSearch::new(request, &headers, &digests, &keys, now);
    let body_only = BodySearch {
        keys: &keys,
        bodies: &bodies,
        hash: FORM.hash,
    };
    let line = |deviations| {
        let lines = &lines;
        move |reading: &Reading, budget: &mut Budget| lines.run(reading, deviations, budget)
    };
    let body = |deviations| {
        let body_only = &body_only;
        move |reading: &Reading, budget: &mut Budget| {
            let found = body_only.run(reading, deviations, budget)?;
            Some(core::iter::once(body_only_scheme()).chain(found).collect())
        }
    };
    let mut budget = Budget::new();
    let outcome = signature_search::find(
        received,
        FORM,
        &[&line(0), &line(1), &body(0), &line(2), &body(1), &body(2)],
        &mut budget,
    );
    let outcome = with_incomplete(outcome, received, right.as_ref());
    let findings = assemble(outcome, &headers, refusals, body_findings, warnings);
    Ok(Explanation::new(false, findings, budget.spent()))
}

/// Whether `Content-MD5` is the digest of the body. An absent one names none, which rule S8 admits.
fn body_is_named(request: &ReceivedRequest<'_>, headers: &Headers<'_>) -> bool {
    headers.content_md5.is_none_or(|text| {
        ContentMd5::parse(text).is_ok_and(|named| named == ContentMd5::of(request.body()))
    })
}

/// The signature that these parts should have; none if one of them is not a part of a right
/// request.
fn right_signature(
    request: &ReceivedRequest<'_>,
    headers: &Headers<'_>,
    signer: &ChatsSigner,
) -> Option<Signature> {
    let method = RequestMethod::parse(request.method()).ok()?;
    let path = RequestPath::parse(request.target()).ok()?;
    let mut canonical = CanonicalRequest::new(method, path);
    if let Some(text) = headers.content_md5 {
        canonical = canonical.with_content_md5(ContentMd5::parse(text).ok()?);
    }
    if let Some(text) = headers.content_type.filter(|text| !text.is_empty()) {
        canonical = canonical.with_content_type(ContentType::parse(text).ok()?);
    }
    if let Some(text) = headers.date {
        canonical = canonical.with_date(RequestDate::parse(text).ok()?);
    }
    Some(signer.sign_canonical(&canonical))
}

/// What is wrong with method and path, whatever was signed.
fn line_refusals(request: &ReceivedRequest<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let method = request.method();
    if let Err(error) = RequestMethod::parse(method) {
        let is_case = RequestMethod::parse(&method.to_ascii_uppercase()).is_ok();
        findings.push(if is_case {
            method_came_lower()
        } else {
            let message = format!("This method cannot be signed: {error}.");
            Finding::new(FindingCode::MethodMalformed, message)
        });
    }
    if let Err(error) = RequestPath::parse(request.target()) {
        let message = format!("HTTP libraries differ over this path: {error}.");
        findings.push(Finding::new(FindingCode::PathUnsafe, message));
    }
    findings
}

fn body_only_scheme() -> Finding {
    Finding::new(
        FindingCode::BodyOnlyScheme,
        "The body alone was signed, as before autumn 2019.",
    )
}

fn with_incomplete(outcome: Outcome, received: &str, right: Option<&Signature>) -> Outcome {
    let truncated = right
        .filter(|_| !outcome.is_explained)
        .and_then(|right| signature_search::incomplete(received, right.as_str()));
    match truncated {
        Some(finding) => Outcome {
            is_explained: true,
            findings: Vec::from([finding]),
        },
        None => outcome,
    }
}

/// Puts what the signature says before what the headers say, and drops what the first explains
/// better.
fn assemble(
    outcome: Outcome,
    headers: &Headers<'_>,
    refusals: Vec<Finding>,
    body_findings: Vec<Finding>,
    warnings: Vec<Finding>,
) -> Vec<Finding> {
    let mut findings = outcome.findings;
    let has = |findings: &[Finding], codes: &[FindingCode]| {
        findings
            .iter()
            .any(|finding| codes.contains(&finding.code()))
    };
    // Without the date the string cannot be made again: then the signature is not unknown, it
    // cannot be judged.
    if headers.date.is_none() {
        findings.retain(|finding| finding.code() != FindingCode::Unknown);
    }
    if !has(
        &findings,
        &[
            FindingCode::ContentMd5Differs,
            FindingCode::BodyTrailingNewline,
            FindingCode::BodyTrailingSpace,
            FindingCode::BodyTrailingWhitespace,
            FindingCode::BodyReEncoded,
            FindingCode::BodyCharset,
            FindingCode::NothingSigned,
        ],
    ) {
        findings.extend(body_findings);
    }
    let content_type_is_explained = has(&findings, &[FindingCode::ContentTypeDiffers]);
    findings.extend(refusals.into_iter().filter(|finding| {
        !(content_type_is_explained && finding.code() == FindingCode::ContentTypeUnsupported)
    }));
    findings.extend(warnings);
    findings
}
