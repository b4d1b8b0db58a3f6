//! Finds what looks like a token in text that goes into the journal, wherever it came from.

use crate::secrets::token_text::PREFIX;

/// How long a word must be to be a token or a code.
const SHORTEST: usize = 24;

/// The parameters of a query whose values are never shown.
const PARAMETERS: [&str; 6] = [
    "code",
    "access_token",
    "refresh_token",
    "client_secret",
    "token",
    "signature",
];

/// `text` without codes, tokens, and values of parameters that are named like one.
pub(crate) fn without_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word = String::new();
    let mut parameter = String::new();
    // A word ends where a letter stands that no token has.
    for letter in text.chars().chain(['\0']) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.') {
            word.push(letter);
            continue;
        }
        let secret = PARAMETERS.contains(&parameter.as_str()) || looks_like_token(&word);
        shown.push_str(match secret && !word.is_empty() {
            true => "(token)",
            false => &word,
        });
        parameter = match letter {
            '=' => core::mem::take(&mut word),
            '%' | '+' => core::mem::take(&mut parameter),
            _ => String::new(),
        };
        word.clear();
        if letter != '\0' {
            shown.push(letter);
        }
    }
    shown
}

fn looks_like_token(word: &str) -> bool {
    word.len() >= SHORTEST && (word.contains(PREFIX) || word.contains("eyJ"))
}

#[cfg(test)]
mod tests {
    use super::without_tokens;

    #[test]
    fn codes_and_tokens_are_found_wherever_they_stand() {
        let code = format!("def502{}", "ab".repeat(20));
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl";
        for (text, shown) in [
            (
                "/api/v4/account?with=version",
                "/api/v4/account?with=version",
            ),
            ("/?code=short&state=x", "/?code=(token)&state=x"),
            ("/?code=a%20b&c=d", "/?code=(token)%(token)&c=d"),
            ("/?x=y", "/?x=y"),
            ("def502", "def502"),
        ] {
            assert_eq!(without_tokens(text), shown);
        }
        for text in [
            format!("/{code}/x"),
            format!("Bearer {jwt}"),
            format!("x{code}"),
        ] {
            let shown = without_tokens(&text);
            assert!(!shown.contains("abab") && !shown.contains("eyJ"), "{shown}");
        }
    }
}
