//! The four headers, and what is wrong with them whatever was signed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_sign::{ContentType, Freshness, RequestDate};

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::received_request::ReceivedRequest;
use crate::text::time_words::{length, zone};

/// The first value of each header.
pub(crate) struct Headers<'a> {
    pub(crate) date: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) content_md5: Option<&'a str>,
    pub(crate) signature: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    repeated: Vec<&'static str>,
}

impl<'a> Headers<'a> {
    pub(crate) fn of(request: &ReceivedRequest<'a>) -> Self {
        let names = ["Date", "Content-Type", "Content-MD5", "X-Signature"];
        let repeated = names
            .into_iter()
            .filter(|name| request.header(name).nth(1).is_some());
        Self {
            date: request.header("Date").next(),
            content_type: request.header("Content-Type").next(),
            content_md5: request.header("Content-MD5").next(),
            signature: request.header("X-Signature").next(),
            host: request.header("Host").next(),
            repeated: repeated.collect(),
        }
    }

    /// What makes the request refused.
    pub(crate) fn refusals(&self, now: Option<u64>) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.signature.is_none() {
            findings.push(Finding::header_missing("X-Signature"));
        }
        findings.extend(self.date_refusals(now));
        let content_type = self.content_type.filter(|text| !text.is_empty());
        if content_type.is_some_and(|text| text != ContentType::JSON.as_str()) {
            findings.push(Finding::new(
                FindingCode::ContentTypeUnsupported,
                "Content-Type is not exactly application/json.",
            ));
        }
        for name in &self.repeated {
            let message = format!("The header {name} came more than once.");
            findings.push(Finding::new(FindingCode::HeaderRepeated, message));
        }
        findings
    }

    fn date_refusals(&self, now: Option<u64>) -> Vec<Finding> {
        let Some(text) = self.date else {
            return Vec::from([Finding::header_missing("Date")]);
        };
        let date = match RequestDate::parse(text) {
            Ok(date) => date,
            Err(error) => {
                let message = format!("The Date header cannot be read: {error}.");
                return Vec::from([Finding::new(FindingCode::DateUnreadable, message)]);
            }
        };
        match now.map(|now| date.freshness_at(now)) {
            Some(Freshness::Stale { age_seconds }) => {
                let code = FindingCode::DateStale;
                too_far(
                    code,
                    age_seconds,
                    "old",
                    "the time of a zone behind UTC was called UTC, or UTC was given the name of a zone ahead of it",
                )
            }
            Some(Freshness::Future { ahead_seconds }) => {
                let code = FindingCode::DateFuture;
                too_far(
                    code,
                    ahead_seconds,
                    "ahead",
                    "the time of a zone ahead of UTC was called UTC, or UTC was given the name of a zone behind it",
                )
            }
            _ => Vec::new(),
        }
    }

    /// What is not a reason to refuse a request that is right otherwise (rule S8).
    pub(crate) fn warnings(&self) -> Vec<Finding> {
        let content_type = self.content_type.filter(|text| !text.is_empty());
        let headers = [
            ("Content-Type", content_type),
            ("Content-MD5", self.content_md5),
        ];
        let absent = headers.iter().filter(|(_, value)| value.is_none());
        absent
            .map(|(name, _)| Finding::header_missing(name))
            .collect()
    }
}

/// The finding for a date out of range, and another if it is off by a time zone.
fn too_far(code: FindingCode, seconds: u64, direction: &str, zone_means: &str) -> Vec<Finding> {
    let words = length(seconds);
    // Below a minute both would say the same.
    let exact = if seconds < 60 {
        String::new()
    } else {
        format!(" ({seconds} s)")
    };
    let message = format!("The date is {words}{exact} {direction}, and 15 minutes are allowed.");
    let mut findings = Vec::from([Finding::new(code, message)]);
    if let Some(offset) = zone(seconds) {
        let message = format!("{offset} is the difference of a time zone: {zone_means}.");
        findings.push(Finding::new(FindingCode::DateZone, message));
    }
    findings
}
