//! The target of a request taken apart, and the path line as it may have been signed.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::search::Variant;
use crate::text::percent;

/// A target cut in its parts, without any judgement.
pub(crate) struct Target<'a> {
    host: Option<&'a str>,
    pub(crate) path: &'a str,
    /// With its `?`.
    query: &'a str,
}

/// The platform's own hosts, for signers whose host did not reach us.
const HOSTS: [&str; 3] = ["amojo.amocrm.ru", "amojo.kommo.com", "amojo.amocrm.com"];

impl<'a> Target<'a> {
    pub(crate) fn of(target: &'a str) -> Self {
        let target = target.split('#').next().unwrap_or(target);
        let behind_scheme = ["https://", "http://"].iter().find_map(|scheme| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        });
        let (host, rest) = match behind_scheme {
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (host, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (Some(host), rest)
            }
            None => (None, target),
        };
        let end = rest.find('?').unwrap_or(rest.len());
        let (path, query) = rest.split_at_checked(end).unwrap_or((rest, ""));
        Self {
            host,
            path: if path.is_empty() { "/" } else { path },
            query,
        }
    }

    pub(crate) fn with_query(&self) -> String {
        format!("{}{}", self.path, self.query)
    }

    /// The path, then what others signed instead. `host` is that of the `Host` header.
    pub(crate) fn path_variants(&self, host: Option<&str>) -> Vec<Variant<String>> {
        let mut variants = Vec::from([Variant::right(self.path.to_owned())]);
        let query = Finding::new(
            FindingCode::QuerySigned,
            "The query was signed with the path.",
        );
        if !self.query.is_empty() {
            variants.push(Variant::common(self.with_query(), query.clone()));
            // Parameters that were added after the signing.
            let ends = self.query.char_indices().skip(1);
            for (end, _) in ends.filter(|(_, c)| matches!(c, '&' | '?')).take(4) {
                let begun = self.query.get(..end).unwrap_or_default();
                let text = format!("{}{begun}", self.path);
                variants.push(Variant::rare(text, query.clone()));
            }
        }
        self.near_paths(&mut variants);
        self.with_hosts(host, &query, &mut variants);
        variants
    }

    fn with_hosts(&self, host: Option<&str>, query: &Finding, variants: &mut Vec<Variant<String>>) {
        let mut hosts: Vec<&str> = Vec::new();
        for known in self.host.into_iter().chain(host).chain(HOSTS) {
            let name = known.split(':').next().unwrap_or(known);
            for host in [known, name] {
                if !host.is_empty() && !hosts.contains(&host) {
                    hosts.push(host);
                }
            }
        }
        for host in hosts {
            for (scheme, message) in [
                ("", "The host was signed before the path."),
                ("https://", "The whole URL was signed instead of the path."),
                ("http://", "The whole URL was signed instead of the path."),
            ] {
                let finding = Finding::new(FindingCode::HostSigned, message);
                let text = format!("{scheme}{host}{}", self.path);
                if !self.query.is_empty() {
                    variants.push(Variant {
                        value: format!("{text}{}", self.query),
                        findings: Vec::from([finding.clone(), query.clone()]),
                        common: false,
                    });
                }
                variants.push(Variant::rare(text, finding));
            }
        }
    }

    /// Paths that a base URL, a router or an encoder makes of this one.
    fn near_paths(&self, variants: &mut Vec<Variant<String>>) {
        let mut add = |text: String, message: &'static str| {
            if variants.iter().all(|known| known.value != text) {
                let finding = Finding::new(FindingCode::PathDiffers, message);
                variants.push(Variant::rare(text, finding));
            }
        };
        let path = self.path;
        let message = "The path was signed with another slash at its end.";
        match path.strip_suffix('/') {
            Some(shorter) => add(shorter.to_owned(), message),
            None => add(format!("{path}/"), message),
        }
        let relative = path.strip_prefix('/').unwrap_or(path);
        let message = "The path was signed without its first slash.";
        add(relative.to_owned(), message);
        let message = "The path was signed without its first segments, relative to a base URL.";
        for (offset, _) in relative.match_indices('/').take(4) {
            let rest = relative.get(offset..).unwrap_or_default();
            add(rest.to_owned(), message);
        }
        let message = "The path was signed with its escapes decoded.";
        let decoded = percent::decode(path.as_bytes(), false);
        if let Some(text) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
            add(text, message);
        }
        let message = "The path was signed with two slashes at its start.";
        add(format!("/{path}"), message);
        let single = path.trim_start_matches('/');
        add(
            format!("/{single}"),
            "The path was signed with one slash at its start, and came with several.",
        );
        add(
            path.replace("//", "/"),
            "The path was signed with single slashes, and came with double ones.",
        );
        let message = "The path was signed URL-encoded.";
        let encoded = percent::encode(path.as_bytes(), false);
        add(String::from_utf8(encoded).unwrap_or_default(), message);
        add(
            format!("{path}?"),
            "The path was signed with a question mark after it.",
        );
        let message = "The path was signed in lower case.";
        add(path.to_ascii_lowercase(), message);
        add(String::new(), "The path was signed as an empty line.");
    }
}
