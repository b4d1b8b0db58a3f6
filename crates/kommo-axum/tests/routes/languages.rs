//! The pages in the languages of those who read them.

use axum::http::StatusCode;
use kommo_axum::LocalPath;

use crate::app::{App, redirect_query};
use crate::browser::Browser;

/// A header, the language of the page, and the heading of a success and of a refusal in it.
const LANGUAGES: [(&str, &str, &str, &str); 6] = [
    ("de", "en", "Connected", "Not connected"),
    ("en-US,en;q=0.9", "en", "Connected", "Not connected"),
    (
        "ru-RU,ru;q=0.9,en;q=0.8",
        "ru",
        "Подключено",
        "Не подключено",
    ),
    ("pt-BR", "pt", "Conectado", "Não conectado"),
    ("es-MX,es;q=0.9,en;q=0.8", "es", "Conectado", "No conectado"),
    (
        "ru;q=0.4, es;q=0.6, en;q=0.5",
        "es",
        "Conectado",
        "No conectado",
    ),
];

#[tokio::test]
async fn a_page_is_in_the_language_that_the_browser_asks_for() {
    for (asked, language, connected, refused) in LANGUAGES {
        let app = App::new();
        let mut browser = Browser::new(&app.router);
        for (code, title) in [("def502-1-1", connected), ("def502-used", refused)] {
            let state = browser.begin("popup").await;
            let sent_on = browser.get(&redirect_query(code, &state)).await;
            let asks = [("accept-language", asked)];
            let page = browser.get_with(sent_on.location(), &asks).await;
            let start = format!("<!doctype html>\n<html lang=\"{language}\">");
            assert!(page.text.starts_with(&start), "{asked}: {}", page.text);
            assert!(page.text.contains(&format!("<title>{title}</title>")));
            assert!(page.text.contains(&format!("<h1>{title}</h1>")));
            assert_eq!(page.header("content-language"), language);
            assert_eq!(page.header("vary"), "accept-language");
        }
        // The page of a start that is refused, which has no result behind it.
        let asks = [("accept-language", asked), ("sec-fetch-site", "cross-site")];
        let page = browser.get_with("/kommo/start", &asks).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(
            page.text.contains(&format!("<h1>{refused}</h1>")),
            "{}",
            page.text
        );
    }
}

#[tokio::test]
async fn one_result_is_read_in_whatever_language() {
    let path = LocalPath::parse("/settings").unwrap();
    let app = App::with(|builder| builder.success_path(path));
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("post_message").await;
    let sent_on = browser.get(&redirect_query("def502-1-1", &state)).await;
    let address = sent_on.location().to_owned();
    for (language, link) in [
        ("en", "Continue"),
        ("ru", "Продолжить"),
        ("pt", "Continuar"),
        ("es", "Continuar"),
    ] {
        let page = browser
            .get_with(&address, &[("accept-language", language)])
            .await;
        assert_eq!(page.code(), "connected");
        assert!(
            page.text
                .contains(&format!("<a href=\"/settings\">{link}</a>"))
        );
        assert!(
            page.text
                .contains("data-kommo-opener=\"https://app.example\"")
        );
    }
}
