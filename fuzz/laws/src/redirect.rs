//! Redirects back from the consent page. Hosts by rules A1 to A6.

use kommo_account::{AccountHost, ClientId};
use kommo_oauth::consent::{
    ConsentRedirect, ConsentState, QUERY_MAX_BYTES, QUERY_MAX_PARAMETERS, RedirectOutcome,
};

use crate::fields::Fields;

const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
const KNOWN: [&str; 8] = [
    "code",
    "state",
    "referer",
    "platform",
    "client_id",
    "from_widget",
    "error",
    "error_description",
];

/// A code or a refusal is read exactly where the naive reader finds one, and the same.
///
/// One field, the query. Choice 0: the right state is added to it; 1: our client id too.
///
/// # Panics
///
/// If a law is broken.
pub fn redirect(data: &[u8]) {
    let mut fields = Fields::of(data);
    let mut query = fields.text().into_owned();
    let state = ConsentState::from_random([7; 32]);
    if fields.choice(0) {
        query.push_str("&state=");
        query.push_str(state.expose());
    }
    if fields.choice(1) {
        query.push_str("&client_id=");
        query.push_str(CLIENT);
    }
    let Ok(client) = ClientId::parse(CLIENT) else {
        panic!("a client id that is one");
    };
    let outcome = ConsentRedirect::parse(&query, &state, &client);
    let told = format!("{outcome:?}");
    assert!(!told.contains(state.expose()), "the state is told");
    let found = outcome.ok().map(|outcome| match outcome {
        RedirectOutcome::Code(redirect) => {
            let code = redirect.code.expose().to_owned();
            assert!(code.len() < 40 || !told.contains(&code), "the code is told");
            Some((code, redirect.host.as_str().to_owned()))
        }
        RedirectOutcome::AccessDenied => None,
        _ => panic!("an outcome of a new kind"),
    });
    assert_eq!(found, naive(&query, state.expose()), "{query:?}");
}

/// A code with its host, `None` inside for a refusal, `None` for what is not to be used.
fn naive(query: &str, state: &str) -> Option<Option<(String, String)>> {
    let parameters = parameters(query)?;
    let get = |name: &str| {
        let found = parameters.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    };
    let is_ours = get("client_id").is_none_or(|id| id == CLIENT);
    if get("from_widget").is_some() || get("state") != Some(state) || !is_ours {
        return None;
    }
    if let Some(error) = get("error") {
        let is_denied = error == "access_denied" && get("code").is_none();
        return is_denied.then_some(None);
    }
    let code = get("code")?;
    let is_code =
        (1..=16_384).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    let host = AccountHost::parse(get("referer")?).ok()?;
    let is_russian = host.as_str().ends_with(".amocrm.ru");
    let agrees = match get("platform") {
        None => true,
        Some(text) => {
            let is_number = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<u64>().ok().filter(|_| is_number)?;
            number == if is_russian { 1 } else { 2 }
        }
    };
    (is_code && agrees).then(|| Some((code.to_owned(), host.as_str().to_owned())))
}

/// The known parameters, each at most once.
fn parameters(query: &str) -> Option<Vec<(String, String)>> {
    if query.len() > QUERY_MAX_BYTES {
        return None;
    }
    let text = query.strip_prefix('?').unwrap_or(query);
    let pairs: Vec<&str> = text.split('&').collect();
    if pairs.len() > QUERY_MAX_PARAMETERS {
        return None;
    }
    let mut found: Vec<(String, String)> = Vec::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        if !KNOWN.contains(&name.as_str()) {
            continue;
        }
        if found.iter().any(|(other, _)| *other == name) {
            return None;
        }
        found.push((name, decode(value)?));
    }
    Some(found)
}

fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let are_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| are_hex)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
