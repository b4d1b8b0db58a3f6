//! The `Content-MD5` header judged by itself and beside the body, and its line as it may have been
//! signed.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use kommo_sign::ContentMd5;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::body::variants::Body;
use crate::search::Variant;
use crate::signature::signature_text::{from_base64, from_hex};
use crate::text::python;

type Digest = [u8; 16];

/// How a digest is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    LowerHex,
    UpperHex,
    Base64,
}

impl Form {
    fn finding(self) -> Option<Finding> {
        match self {
            Self::LowerHex => None,
            Self::UpperHex => Some(Finding::new(
                FindingCode::Md5UpperCase,
                "Content-MD5 was written in upper-case hex digits.",
            )),
            Self::Base64 => Some(Finding::new(
                FindingCode::Md5Base64,
                "Content-MD5 was written as base64, not as hex.",
            )),
        }
    }

    fn write(self, digest: &Digest) -> String {
        let lower = ContentMd5::from_digest(*digest);
        match self {
            Self::LowerHex => lower.to_string(),
            Self::UpperHex => lower.as_str().to_ascii_uppercase(),
            Self::Base64 => Base64::encode_string(digest),
        }
    }
}

/// The header, the digest it names, and the digests that the body and its variants have.
pub(crate) struct Digests<'v> {
    header: Option<(String, Option<(Digest, Form)>)>,
    /// The body as it came first.
    bodies: Vec<(Digest, &'v [Finding], bool)>,
}

impl<'v> Digests<'v> {
    pub(crate) fn of(header: Option<&str>, bodies: &'v [Variant<Body<'_>>]) -> Self {
        let header = header.map(|text| (text.to_owned(), read(text)));
        let bodies = bodies.iter().filter_map(|variant| {
            let digest = from_hex(ContentMd5::of(&variant.value).as_str().as_bytes())?;
            Some((
                digest.try_into().ok()?,
                variant.findings.as_slice(),
                variant.common,
            ))
        });
        Self {
            header,
            bodies: bodies.collect(),
        }
    }

    /// What is wrong with the header's text, if it came.
    pub(crate) fn form_finding(&self) -> Option<Finding> {
        match &self.header {
            None => None,
            Some((_, Some((_, form)))) => form.finding(),
            Some((text, None)) => {
                let message = alloc::format!(
                    "Content-MD5 has {} bytes and is not a digest in hex.",
                    text.len()
                );
                Some(Finding::new(FindingCode::ContentMd5Malformed, message))
            }
        }
    }

    /// What is wrong with the body, if the header's digest is right.
    pub(crate) fn body_findings(&self) -> Vec<Finding> {
        let Some((_, Some((digest, _)))) = &self.header else {
            return Vec::new();
        };
        match self.bodies.iter().find(|(own, _, _)| own == digest) {
            Some((_, findings, _)) => findings.to_vec(),
            None => Vec::from([Finding::new(
                FindingCode::BodyDiffers,
                "Content-MD5 is not that of the body that came, nor of any known re-encoding of it.",
            )]),
        }
    }

    /// The header's text, or an empty line, then what others signed instead.
    pub(crate) fn line_variants(&self) -> Vec<Variant<Vec<u8>>> {
        let came = self.header.as_ref().map_or("", |(text, _)| text.as_str());
        let mut variants = Vec::from([Variant::right(came.as_bytes().to_vec())]);
        if self.header.is_some() {
            let message = "The Content-MD5 header came, but its line was signed empty.";
            let finding = Finding::new(FindingCode::ContentMd5Differs, message);
            variants.push(Variant::common(Vec::new(), finding));
        }
        let header = self.header.as_ref().and_then(|(_, digest)| *digest);
        let mut seen = BTreeSet::new();
        if let Some((digest, form)) = header {
            seen.insert(digest);
            digest_variants(&digest, &[], true, form, &mut variants);
        }
        let form = header.map_or(Form::LowerHex, |(_, form)| form);
        for (digest, findings, common) in &self.bodies {
            if !seen.insert(*digest) {
                continue;
            }
            let is_own = findings.is_empty();
            let finding = match (&self.header, is_own) {
                (None, _) => Some(Finding::header_missing("Content-MD5")),
                (Some(_), true) => Some(Finding::new(
                    FindingCode::ContentMd5Differs,
                    "The digest of the body was signed, and the Content-MD5 header has another.",
                )),
                (Some(_), false) => None,
            };
            let findings: Vec<Finding> = finding.into_iter().chain(findings.to_vec()).collect();
            digest_variants(digest, &findings, *common, form, &mut variants);
        }
        if let Some((digest, _, _)) = self.bodies.first() {
            other_forms(digest, &mut variants);
        }
        self.white_space(&mut variants);
        variants
    }

    /// White space around the header's text, which HTTP drops, and the end of what `md5sum` prints.
    fn white_space(&self, variants: &mut Vec<Variant<Vec<u8>>>) {
        let Some((text, _)) = self.header.as_ref().filter(|(text, _)| !text.is_empty()) else {
            return;
        };
        let message =
            "White space around the digest was signed, and HTTP drops it from the header.";
        let finding = Finding::new(FindingCode::HeaderWhitespace, message);
        for (before, after) in [("", "\n"), ("", "\r\n"), ("", " "), (" ", "")] {
            let text = alloc::format!("{before}{text}{after}").into_bytes();
            variants.push(Variant::rare(text, finding.clone()));
        }
        let message = "The digest was signed with what the program md5sum prints after it.";
        let finding = Finding::new(FindingCode::Md5Raw, message);
        for after in ["  -", "  -\n", " *-", " -"] {
            let text = alloc::format!("{text}{after}").into_bytes();
            variants.push(Variant::rare(text, finding.clone()));
        }
    }
}

/// One digest in the header's form, and in the other two unless the body is a rare variant already.
fn digest_variants(
    digest: &Digest,
    findings: &[Finding],
    common: bool,
    came: Form,
    variants: &mut Vec<Variant<Vec<u8>>>,
) {
    for form in [Form::LowerHex, Form::UpperHex, Form::Base64] {
        let text = form.write(digest).into_bytes();
        let is_of_header = variants.first().is_some_and(|header| header.value == text);
        if is_of_header || (form != came && !common) {
            continue;
        }
        // The digits were signed in the right form: then the header's own form is what is wrong.
        let wrong_form = if form == came {
            None
        } else {
            form.finding().or_else(|| came.finding())
        };
        variants.push(Variant {
            value: text,
            common: common && (wrong_form.is_none() || findings.is_empty()),
            findings: findings.iter().cloned().chain(wrong_form).collect(),
        });
    }
}

/// The bytes of a digest as languages print them where its hex digits were meant.
fn other_forms(digest: &Digest, variants: &mut Vec<Variant<Vec<u8>>>) {
    let lower = Form::LowerHex.write(digest);
    let hyphens = digest.map(|byte| alloc::format!("{byte:02X}")).join("-");
    let unpadded: String = digest
        .iter()
        .map(|byte| alloc::format!("{byte:x}"))
        .collect();
    let in_base64 = "Content-MD5 was signed as the base64 of its hex digits.";
    let base64 = Base64::encode_string(lower.as_bytes()).into_bytes();
    let mut forms = Vec::from([
        (
            digest.to_vec(),
            FindingCode::Md5Raw,
            "The bytes of the digest were signed in place of its hex digits.",
        ),
        (
            String::from_utf8_lossy(digest).into_owned().into_bytes(),
            FindingCode::Md5Raw,
            "The bytes of the digest were signed as text, in place of its hex digits.",
        ),
        (
            python::of_bytes(digest).into_bytes(),
            FindingCode::Md5Raw,
            "The text of Python's bytes, `b'…'`, was signed in place of the hex digits of the digest.",
        ),
        (base64, FindingCode::Md5Base64, in_base64),
    ]);
    for text in [hyphens.to_ascii_lowercase(), hyphens] {
        let message = "Content-MD5 was signed with hyphens between its bytes.";
        forms.push((text.into_bytes(), FindingCode::Md5Raw, message));
    }
    let message = "Content-MD5 was signed without the leading zeros of its bytes.";
    forms.push((unpadded.into_bytes(), FindingCode::Md5Raw, message));
    for (text, code, message) in forms {
        if variants.iter().all(|known| known.value != text) {
            variants.push(Variant::rare(text, Finding::new(code, message)));
        }
    }
}

/// Hex in either case, or base64.
fn read(text: &str) -> Option<(Digest, Form)> {
    if let Some(bytes) = from_hex(text.as_bytes()) {
        let digest = Digest::try_from(bytes).ok()?;
        let is_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let form = if is_upper {
            Form::UpperHex
        } else {
            Form::LowerHex
        };
        return Some((digest, form));
    }
    let digest = Digest::try_from(from_base64(text)?).ok()?;
    Some((digest, Form::Base64))
}
