//! The languages of our pages, and which of them a browser asks for.
//!
//! Source: RFC 9110, section 12.5.4; RFC 4647, section 3.3.1 for `pt-BR` and the like.

use axum::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// A language that our pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    Russian,
    Portuguese,
    Spanish,
}

/// The most languages of a header that are read.
const LOOKED_AT_MAX: usize = 32;

impl Language {
    pub(crate) const ALL: [Self; 4] = [
        Self::English,
        Self::Russian,
        Self::Portuguese,
        Self::Spanish,
    ];

    /// For the attribute `lang` and the header `Content-Language`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Portuguese => "pt",
            Self::Spanish => "es",
        }
    }

    /// The one that the browser likes best among ours; English if it likes none, or does not say.
    pub(crate) fn asked_for(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter();
        let ranges: Vec<(&str, u16)> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .take(LOOKED_AT_MAX)
            .filter_map(range)
            .collect();
        let mut best = Self::default();
        let mut most = 0;
        for (place, (_, quality)) in ranges.iter().enumerate() {
            // The earlier one wins among equals, so only a better one counts.
            let language = || Self::of_range(&ranges, place);
            if *quality > most
                && let Some(language) = language()
            {
                (best, most) = (language, *quality);
            }
        }
        best
    }

    /// The language of the range at this position. `*` is whatever is not named otherwise.
    fn of_range(ranges: &[(&str, u16)], place: usize) -> Option<Self> {
        let (range, _) = ranges.get(place)?;
        if *range != "*" {
            return Self::ALL.into_iter().find(|one| one.is_named(range));
        }
        let is_named = |one: &Self| ranges.iter().any(|(range, _)| one.is_named(range));
        Self::ALL.into_iter().find(|one| !is_named(one))
    }

    /// `pt` names it, and so do `PT-br` and `pt-419`.
    fn is_named(self, range: &str) -> bool {
        let language = range.split('-').next().unwrap_or_default();
        language.eq_ignore_ascii_case(self.tag())
    }
}

/// One range and its quality in thousandths; `None` for what cannot be read.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';');
    let range = parts.next().unwrap_or_default().trim();
    let is_range = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'*');
    if range.is_empty() || !range.bytes().all(is_range) {
        return None;
    }
    let mut quality = 1_000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("q") {
            quality = thousandths(value.trim())?;
        }
    }
    Some((range, quality))
}

/// `1`, `0.8`, `0.875`.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match (whole, format!("{rest:0<3}").parse::<u16>().ok()?) {
        ("1", 0) => Some(1_000),
        ("0", thousandths) => Some(thousandths),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};

    use super::Language;
    use super::Language::{English, Portuguese, Russian, Spanish};

    #[track_caller]
    fn check(lines: &[&str], expected: Language) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_LANGUAGE, HeaderValue::from_str(line).unwrap());
        }
        assert_eq!(Language::asked_for(&headers), expected, "{lines:?}");
    }

    #[test]
    fn the_best_of_ours_is_taken_and_english_else() {
        check(&[], English);
        check(&[""], English);
        check(&["de, fr;q=0.9"], English);
        check(&["ru"], Russian);
        check(&["RU-ru,ru;q=0.9,en-US;q=0.8,en;q=0.7"], Russian);
        check(&["pt-BR"], Portuguese);
        check(&["pt-PT,pt;q=0.9"], Portuguese);
        check(&["es-419,es;q=0.9"], Spanish);
        check(&["uk,ru;q=0.8,en;q=0.7"], Russian);
        check(&["de", "es;q=0.1"], Spanish);
        // Not a prefix of the text, but the language itself.
        check(&["est, rup, ptx"], English);
    }

    #[test]
    fn qualities_are_honoured() {
        check(&["en;q=0.5, es;q=0.9, ru;q=0.7"], Spanish);
        check(&["en ; q=0.1 , pt ; Q=0.2"], Portuguese);
        check(&["es;q=0.999, ru"], Russian);
        // Among equals the first; none with quality zero.
        check(&["es, ru"], Spanish);
        check(&["ru;q=0, es;q=0.001"], Spanish);
        check(&["ru;q=0"], English);
        check(&["en;q=0, ru;q=0"], English);
        // What is not named otherwise.
        check(&["de, *;q=0.5"], English);
        check(&["en;q=0.2, *;q=0.5"], Russian);
        check(&["en;q=0, ru;q=0, *"], Portuguese);
        check(&["*;q=0.1, es;q=0.5"], Spanish);
        check(&["*, ru;q=0.9"], English);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for broken in ["ru;q=2", "ru;q=1.5", "ru;q=x", "ru;q=0.1234", "ru;q", "r u"] {
            check(&[broken], English);
            check(&[&format!("{broken}, es;q=0.1")], Spanish);
        }
        check(&[&format!("{}ru", "de,".repeat(40))], English);
    }
}
