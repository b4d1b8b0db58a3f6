//! The page at the end of a consent: it is not cached, not shown in a frame, fetches nothing and
//! sends no referrer.

use axum::body::Body;
use axum::http::Response;
use axum::http::header::{
    CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, VARY,
};
use base64ct::{Base64, Encoding};
use kommo_account::Platform;
use sha2::{Digest, Sha256};

use crate::pages::consent_outcome::ConsentOutcome;
use crate::pages::page_language::Language;
use crate::pages::page_texts::{LinkText, code_label};

const TEMPLATE: &str = include_str!("outcome.html");
const STYLE: &str = include_str!("style.css");
const TELL_OPENER: &str = include_str!("tell_opener.js");

/// What is on a page.
#[derive(Clone, Debug)]
pub(crate) struct Page<'a> {
    pub(crate) outcome: &'a ConsentOutcome,
    pub(crate) language: Language,
    pub(crate) platform: Platform,
    /// The link to continue: an address and a text.
    pub(crate) links: Vec<(&'a str, LinkText)>,
    /// Where a window that runs no script goes by itself, since it cannot inform its opener or
    /// close.
    pub(crate) onward: Option<&'a str>,
    /// The origin of the page that opened this window, if it is to be informed.
    pub(crate) opener: Option<&'a str>,
}

impl Page<'_> {
    pub(crate) fn into_response(self, policies: &PagePolicies) -> Response<Body> {
        let opener = self.opener.map_or_else(String::new, |origin| {
            format!(" data-kommo-opener=\"{}\"", escaped(origin))
        });
        let script = self
            .opener
            .map_or_else(String::new, |_| format!("<script>{TELL_OPENER}</script>\n"));
        let onward = self.onward.map_or_else(String::new, |path| {
            let path = escaped(path);
            format!("<noscript><meta http-equiv=\"refresh\" content=\"0;url={path}\"></noscript>\n")
        });
        let language = self.language;
        let sentence = self.outcome.sentence.text(language, self.platform);
        let text = fill(
            TEMPLATE,
            &[
                ("language", language.tag()),
                ("title", self.outcome.ending.title().text(language)),
                ("style", STYLE),
                ("onward", &onward),
                ("outcome", self.outcome.ending.name()),
                ("code", &escaped(&self.outcome.code)),
                ("code_label", code_label(language)),
                ("sentence", &escaped(&sentence)),
                ("links", &links(&self.links, language)),
                ("opener", &opener),
                ("script", &script),
            ],
        );
        let policy = match self.opener {
            Some(_) => &policies.with_script,
            None => &policies.without_script,
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.outcome.status;
        let headers = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(CONTENT_TYPE, html);
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(VARY, HeaderValue::from_static("accept-language"));
        response
    }
}

/// What the pages may do: their own style and, where an opener is informed, their one script, both
/// by hash.
#[derive(Clone, Debug)]
pub(crate) struct PagePolicies {
    with_script: HeaderValue,
    without_script: HeaderValue,
}

impl PagePolicies {
    pub(crate) fn new() -> Self {
        let common = format!(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-{}'",
            digest(STYLE)
        );
        let script = format!("{common}; script-src 'sha256-{}'", digest(TELL_OPENER));
        let header = |text: &str| {
            // INVARIANT: the text is ASCII. Were it not, the pages would lose their style and no
            // more.
            HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
        };
        Self {
            with_script: header(&script),
            without_script: header(&common),
        }
    }
}

fn digest(text: &str) -> String {
    Base64::encode_string(&Sha256::digest(text.as_bytes()))
}

fn links(links: &[(&str, LinkText)], language: Language) -> String {
    if links.is_empty() {
        return String::new();
    }
    let anchors: Vec<String> = links
        .iter()
        .map(|(address, text)| {
            let (address, text) = (escaped(address), escaped(text.text(language)));
            format!("<a href=\"{address}\">{text}</a>")
        })
        .collect();
    format!("<p class=\"links\">{}</p>\n", anchors.join(" "))
}

/// `template` with each `{{name}}` replaced, in one pass, so that what is put in is never read as a
/// place.
pub(crate) fn fill(template: &str, fillings: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, after) = behind.split_once("}}").unwrap_or((behind, ""));
        text.push_str(before);
        if let Some((_, filling)) = fillings.iter().find(|(known, _)| *known == name) {
            text.push_str(filling);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Text for the inside of an element or of a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
