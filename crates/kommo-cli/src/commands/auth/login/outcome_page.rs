//! The page at the end of a login: it looks like the pages of `kommo-axum`, and says what the
//! terminal says.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::failure::exit::{Failure, Outcome};

/// The style of kommo-axum's pages; a test holds both side by side.
const STYLE: &str = include_str!("pages/style.css");

const TEMPLATE: &str = include_str!("pages/outcome.html");

/// What a browser is shown.
#[derive(Debug, Clone)]
pub(super) struct OutcomePage {
    status: StatusCode,
    outcome: &'static str,
    title: &'static str,
    sentence: String,
}

impl OutcomePage {
    /// How the login ended, in the words of the terminal.
    pub(super) fn of(ended: &Result<Outcome, Failure>) -> Self {
        match ended {
            Ok(_) => Self {
                status: StatusCode::OK,
                outcome: "connected",
                title: "Connected",
                sentence: "The account is connected. You can close this window.".to_owned(),
            },
            Err(failure) => Self::refused(StatusCode::OK, sentence(failure)),
        }
    }

    /// The redirect cannot be taken, and the attempt waits for another.
    pub(super) fn not_taken(failure: &Failure) -> Self {
        Self::refused(StatusCode::CONFLICT, sentence(failure))
    }

    /// The address has nothing to do with this attempt.
    pub(super) fn not_ours() -> Self {
        let sentence =
            "Nothing is here. If you come from the consent page, it was opened by another attempt.";
        Self {
            title: "Nothing to show",
            outcome: "unknown",
            ..Self::refused(StatusCode::NOT_FOUND, sentence.to_owned())
        }
    }

    /// The program ended before it knew.
    pub(super) fn gone() -> Self {
        let sentence =
            "The program was stopped. `kommo auth status` says whether the account is connected.";
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, sentence.to_owned())
    }

    fn refused(status: StatusCode, sentence: String) -> Self {
        Self {
            status,
            outcome: "refused",
            title: "Not connected",
            sentence,
        }
    }
}

/// What the terminal says, as sentences.
fn sentence(failure: &Failure) -> String {
    let mut text = capital(failure.message());
    if let Some(hint) = failure.hint_text() {
        text.push_str(". ");
        text.push_str(&capital(hint));
    }
    text.push('.');
    text
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(characters).collect()
}

impl IntoResponse for OutcomePage {
    fn into_response(self) -> Response {
        let page = TEMPLATE
            .replace("{{style}}", STYLE)
            .replace("{{title}}", self.title)
            .replace("{{outcome}}", self.outcome)
            // The last one: the inserted text is not searched again.
            .replace("{{sentence}}", &escaped(&self.sentence));
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'unsafe-inline'; img-src 'self'",
            ),
            (header::CONNECTION, "close"),
        ];
        (self.status, headers, page).into_response()
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Failure, OutcomePage, STYLE};

    #[test]
    fn the_style_is_that_of_the_pages_of_kommo_axum() {
        let root = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../kommo-axum/src/pages/style.css"
        );
        assert_eq!(std::fs::read_to_string(root).unwrap(), STYLE);
    }

    #[test]
    fn what_the_terminal_says_stands_on_the_page_as_text() {
        let failure = Failure::refused("the code was refused: <b>").hint("begin again");
        let page = OutcomePage::of(&Err(failure));
        assert_eq!(page.sentence, "The code was refused: <b>. Begin again.");
        assert_eq!(super::escaped("<a href='x'>"), "&lt;a href=&#39;x&#39;&gt;");
    }
}
