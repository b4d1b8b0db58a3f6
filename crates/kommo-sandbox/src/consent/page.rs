//! The pages of the consent window. They run one script at most, fetch nothing but a logo from this
//! machine, and hold what strangers wrote as text only.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::consent::site::Site;
use crate::reply::outcome::Outcome;
use crate::reply::page_template::{Filling, escaped, fill, page};
use crate::reply::response::with_text;
use crate::secrets::random_text::random_hex;
use crate::wire::web_address::WebAddress;

const STYLE: &str = include_str!("style.css");
const LOGIN: &str = include_str!("login.html");
const CHOOSE: &str = include_str!("choose.html");
const MESSAGE: &str = include_str!("message.html");
const HANDOVER: &str = include_str!("handover.html");

/// What a page shows of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) logo: Option<String>,
    pub(crate) scopes: Vec<String>,
}

/// An account that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) account: u64,
    pub(crate) host: String,
}

/// Asks who is there.
pub(crate) fn login_page(
    site: Site,
    card: &Card,
    form_token: &str,
    login: &str,
    trouble: Option<&str>,
) -> Response<Body> {
    let status = match trouble {
        None => StatusCode::OK,
        Some(_) => StatusCode::FORBIDDEN,
    };
    let trouble = trouble.map_or_else(String::new, |trouble| {
        format!("<p class=\"bad\" role=\"alert\">{}</p>", escaped(trouble))
    });
    let fillings = vec![
        ("platform", Filling::text(site.name())),
        ("integration", Filling::text(&card.name)),
        ("form_token", Filling::text(form_token)),
        ("login", Filling::text(login)),
        ("trouble", Filling::Markup(trouble)),
    ];
    make(status, LOGIN, fillings)
}

/// Asks whether, and for which account.
pub(crate) fn choose_page(
    card: &Card,
    choices: &[Choice],
    which: &str,
    form_token: &str,
    login: &str,
) -> Response<Body> {
    let accounts = choices
        .iter()
        .map(|one| {
            format!(
                "<option value=\"{}\">{}</option>",
                one.account,
                escaped(&one.host)
            )
        })
        .collect();
    let permissions = card
        .scopes
        .iter()
        .map(|scope| format!("<li>{}</li>", escaped(&permission(scope))))
        .collect();
    let fillings = vec![
        ("logo", Filling::Markup(logo(card))),
        ("integration", Filling::text(&card.name)),
        ("description", Filling::text(&card.description)),
        ("permissions", Filling::Markup(permissions)),
        ("form_token", Filling::text(form_token)),
        ("accounts", Filling::Markup(accounts)),
        ("which", Filling::text(which)),
        ("login", Filling::text(login)),
    ];
    make(StatusCode::OK, CHOOSE, fillings)
}

/// A refusal: a page that says why.
pub(crate) fn refused(
    status: StatusCode,
    code: &'static str,
    title: &str,
    reason: &str,
) -> Outcome {
    let page = message_page(status, title, reason, String::new());
    Outcome::refused(code, reason, page)
}

/// The refusal of a page that needs random bytes and has none.
pub(crate) fn refused_for_want_of_random_bytes() -> Outcome {
    Outcome::refused("no-random-bytes", "no random bytes", no_random_bytes())
}

/// Says why it ends here, with a way to log in as another user.
pub(crate) fn no_account_page(title: &str, message: &str, form_token: &str) -> Response<Body> {
    let form = format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"form_token\" value=\"{}\">\
         <div class=\"actions\"><button name=\"step\" value=\"log-out\">Log in as another user</button></div></form>",
        escaped(form_token)
    );
    message_page(StatusCode::FORBIDDEN, title, message, form)
}

/// Tells the page that opened the window, and closes it; without such a page the window goes to
/// `address` itself.
pub(crate) fn handover_page(
    result: &str,
    client_id: &str,
    address: &str,
    opener_origin: &str,
) -> Response<Body> {
    let title = match result {
        "allowed" => "Access allowed",
        _ => "Access refused",
    };
    let fillings = vec![
        ("title", Filling::text(title)),
        ("result", Filling::text(result)),
        ("client_id", Filling::text(client_id)),
        ("address", Filling::text(address)),
        ("opener_origin", Filling::text(opener_origin)),
    ];
    make(StatusCode::OK, HANDOVER, fillings)
}

fn message_page(status: StatusCode, title: &str, message: &str, after: String) -> Response<Body> {
    let fillings = vec![
        ("title", Filling::text(title)),
        ("message", Filling::text(message)),
        ("after", Filling::Markup(after)),
    ];
    make(status, MESSAGE, fillings)
}

fn make(status: StatusCode, template: &str, mut fillings: Vec<(&str, Filling)>) -> Response<Body> {
    let Ok(nonce) = random_hex::<16>() else {
        return no_random_bytes();
    };
    fillings.push(("nonce", Filling::text(&nonce)));
    fillings.push(("style", Filling::Markup(STYLE.into())));
    page(status, fill(template, &fillings), &policy(&nonce))
}

fn no_random_bytes() -> Response<Body> {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    with_text(status, "text/plain", "no random bytes".into())
}

/// Browsers apply a form's policy to every redirect after it, so it cannot end at our own origin:
/// the forms lead to the redirect URI of the integration, and from there to wherever that goes.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         img-src data: http://127.0.0.1:* http://localhost:*; base-uri 'none'; form-action http: https:; \
         frame-ancestors 'none'"
    )
}

/// A picture that is in the address itself or on this machine; else the first letter of the name.
fn logo(card: &Card) -> String {
    let shown = card.logo.as_deref().filter(|logo| is_shown(logo));
    match shown {
        Some(logo) => format!("<img class=\"logo\" alt=\"\" src=\"{}\">", escaped(logo)),
        None => {
            let letter: String = card
                .name
                .chars()
                .take(1)
                .flat_map(char::to_uppercase)
                .collect();
            format!(
                "<div class=\"tile\" aria-hidden=\"true\">{}</div>",
                escaped(&letter)
            )
        }
    }
}

fn is_shown(logo: &str) -> bool {
    let picture = ["png", "jpeg", "gif"]
        .iter()
        .any(|kind| logo.starts_with(&format!("data:image/{kind};base64,")));
    let here = WebAddress::parse(logo).is_some_and(|address| {
        !address.is_https() && matches!(address.host(), "127.0.0.1" | "localhost")
    });
    picture || here
}

/// What a scope lets the integration do, in words of our own.
fn permission(scope: &str) -> String {
    let words = match scope {
        "crm" => "read and change the data of the account",
        "notifications" => "use the notification centre",
        "push_notifications" => "send push notifications",
        "files" => "read and upload files",
        "files_delete" => "delete files",
        _ => return scope.to_owned(),
    };
    format!("{words} ({scope})")
}
