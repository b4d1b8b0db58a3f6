//! Pages: static files with marked places, filled in one pass so that what is put in is never read
//! as a place.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Response, StatusCode};

use crate::reply::response::{set, with_text};

/// What is put in at a place.
#[derive(Debug, Clone)]
pub(crate) enum Filling {
    /// Untrusted text: it is escaped, for the inside of an element or of a quoted attribute.
    Text(String),
    /// Markup of our own.
    Markup(String),
}

impl Filling {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// `template` with each `{{name}}` replaced; a name without a filling becomes nothing.
pub(crate) fn fill(template: &str, fillings: &[(&str, Filling)]) -> String {
    let mut page = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, after) = behind.split_once("}}").unwrap_or((behind, ""));
        page.push_str(before);
        match fillings.iter().find(|(known, _)| *known == name) {
            Some((_, Filling::Text(text))) => page.push_str(&escaped(text)),
            Some((_, Filling::Markup(markup))) => page.push_str(markup),
            None => {}
        }
        rest = after;
    }
    page.push_str(rest);
    page
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

/// A page that is not stored, is shown in no frame, and sends no referrer. `policy` is what it may
/// do.
pub(crate) fn page(status: StatusCode, html: String, policy: &str) -> Response<Body> {
    let mut response = with_text(status, "text/html; charset=utf-8", html);
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, CACHE_CONTROL, "no-store");
    set(&mut response, REFERRER_POLICY, "no-referrer");
    response
}

#[cfg(test)]
mod tests {
    use super::{Filling, fill};

    #[test]
    fn what_is_put_in_is_escaped_and_never_a_place_itself() {
        let fillings = [
            ("a", Filling::text("<b>{{b}} & \"q\" 'q'")),
            ("b", Filling::Markup("<i>".into())),
        ];
        assert_eq!(
            fill("1{{a}}2{{b}}3{{unknown}}4", &fillings),
            "1&lt;b&gt;{{b}} &amp; &quot;q&quot; &#39;q&#39;2<i>34"
        );
    }
}
