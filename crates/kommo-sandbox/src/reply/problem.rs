//! Error bodies of the token endpoint and of the CRM API: problems in JSON, in two languages.
//!
//! Source: captures of the token endpoint's answers (Russian); HTTP codes page. The English words
//! are a choice.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::config::oauth_rules::{OauthRules, ProblemLanguage};
use crate::config::token_error::TokenError;
use crate::reply::response::with_text;

/// What `title` and `detail` are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Ru,
    En,
}

impl Language {
    /// The language at a host under this suffix.
    pub(crate) fn at(base_domain: &str, rules: &OauthRules) -> Self {
        match rules.problem_language {
            ProblemLanguage::Ru => Self::Ru,
            ProblemLanguage::ByHost if base_domain == "amocrm.ru" => Self::Ru,
            ProblemLanguage::ByHost | ProblemLanguage::En => Self::En,
        }
    }

    fn of(self, ru: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Ru => ru,
            Self::En => en,
        }
    }
}

/// The body of a refusal of the token endpoint: `hint` first, and none for a rejected client.
pub(crate) fn token_problem(
    row: TokenError,
    with_hint: bool,
    language: Language,
    rules: &OauthRules,
) -> Response<Body> {
    let (title, detail) = match row {
        TokenError::ClientRejected => (
            language.of("Некорректный клиент", "Invalid client"),
            language.of(
                "Авторизация клиента не прошла",
                "Client authorization failed",
            ),
        ),
        TokenError::RefreshTokenRevoked
        | TokenError::RefreshTokenExpired
        | TokenError::RefreshTokenUndecryptable
        | TokenError::RefreshTokenOfAnotherClient => (
            language.of("Некорректный refresh токен", "Invalid refresh token"),
            language.of(
                "Refresh токен не может быть принят",
                "The refresh token cannot be accepted",
            ),
        ),
        _ => (
            language.of("Некорректный запрос", "Bad request"),
            language.of(
                "В запросе отсутствует ряд параметров или параметры невалидны",
                "Parameters are missing or not valid",
            ),
        ),
    };
    let status = row.status(rules);
    let mut body = Map::new();
    if let (Some(hint), true) = (row.hint(rules), with_hint) {
        body.insert("hint".into(), Value::from(hint));
    }
    body.insert("title".into(), Value::from(title));
    let kind = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson";
    body.insert("type".into(), Value::from(kind));
    body.insert("status".into(), Value::from(status));
    body.insert("detail".into(), Value::from(detail));
    // The pages promise this content type for errors of this endpoint too.
    with_text(
        status_of(status),
        "application/json",
        Value::Object(body).to_string(),
    )
}

/// A problem of the CRM API.
pub(crate) fn problem(status: u16, title: &str, detail: &str) -> Response<Body> {
    problem_with(status, title, detail, Map::new())
}

/// A problem of the CRM API with more fields.
pub(crate) fn problem_with(
    status: u16,
    title: &str,
    detail: &str,
    more: Map<String, Value>,
) -> Response<Body> {
    let mut body = json!({
        "title": title,
        "type": format!("https://httpstatus.es/{status}"),
        "status": status,
        "detail": detail,
    });
    if let Some(fields) = body.as_object_mut() {
        fields.extend(more);
    }
    with_text(
        status_of(status),
        "application/problem+json",
        body.to_string(),
    )
}

pub(crate) fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
