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

/// The members of JSON objects whose texts are never shown.
const MEMBERS: [&str; 5] = [
    "client_secret",
    "channel_secret",
    "app_secret",
    "access_token",
    "refresh_token",
];

/// `text` without the texts of JSON members that are named like a secret.
pub(crate) fn without_members(text: &str) -> String {
    MEMBERS
        .iter()
        .fold(text.to_owned(), |text, name| without_member(&text, name))
}

fn without_member(text: &str, name: &str) -> String {
    let name = format!("\"{name}\"");
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(&name) {
        shown.push_str(before);
        shown.push_str(&name);
        rest = behind;
        if let Some(after) = after_text(behind) {
            shown.push_str(":\"(secret)\"");
            rest = after;
        }
    }
    shown.push_str(rest);
    shown
}

/// What follows a colon and a JSON text; `None` if another value is there. A text that does not end
/// takes all that follows.
fn after_text(behind: &str) -> Option<&str> {
    let value = behind.trim_start().strip_prefix(':')?;
    let value = value.trim_start().strip_prefix('"')?;
    let mut is_escaped = false;
    let end = value.find(|letter| {
        let ends = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    });
    let (_, after) = value.split_at(end.unwrap_or(value.len()));
    Some(after.strip_prefix('"').unwrap_or(after))
}

/// `text` without codes, tokens, and values of parameters that are named like one.
pub(crate) fn without_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word = String::new();
    let mut parameter = String::new();
    // A word ends where a letter stands that no token has.
    for letter in text.chars().map(Some).chain([None]) {
        if let Some(letter @ ('a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.')) = letter {
            word.push(letter);
            continue;
        }
        let secret = PARAMETERS.contains(&parameter.as_str()) || looks_like_token(&word);
        shown.push_str(match secret && !word.is_empty() {
            true => "(token)",
            false => &word,
        });
        parameter = match letter {
            Some('=') => core::mem::take(&mut word),
            Some('%' | '+') => core::mem::take(&mut parameter),
            _ => String::new(),
        };
        word.clear();
        shown.extend(letter);
    }
    shown
}

fn looks_like_token(word: &str) -> bool {
    word.len() >= SHORTEST && (word.contains(PREFIX) || word.contains("eyJ"))
}

#[cfg(test)]
mod tests {
    use super::{without_members, without_tokens};

    #[test]
    fn members_that_are_named_like_a_secret_are_masked_whatever_they_say() {
        for (text, shown) in [
            (
                r#"{"client_secret":"a\"b","x":1}"#,
                r#"{"client_secret":"(secret)","x":1}"#,
            ),
            (
                "{ \"refresh_token\" : \"a\\\\\", \"y\": 2 }",
                "{ \"refresh_token\":\"(secret)\", \"y\": 2 }",
            ),
            (
                r#"{"app_secret":"never ends"#,
                r#"{"app_secret":"(secret)""#,
            ),
            (r#"{"access_token":null}"#, r#"{"access_token":null}"#),
            ("client_secret", "client_secret"),
        ] {
            assert_eq!(without_members(text), shown);
        }
    }

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
            ("\0a\0", "\0a\0"),
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
