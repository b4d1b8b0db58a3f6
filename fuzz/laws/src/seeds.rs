//! The first inputs of each fuzz target: every vector, in the form that its law cuts apart.

use kommo_test_vectors::{
    account_hosts, chat_hooks, chats_requests, compact_jws, disconnects, open_api_bodies,
};

use crate::fields::join;
use crate::oauth_seeds;

/// Named inputs for a target; none for a name that is no target. The same in every run.
///
/// # Panics
///
/// If a vector is damaged.
#[must_use]
pub fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    match target {
        "account_host" => account_host(),
        "bot_token" => crate::bot_token::seeds(),
        "bulk_batch" => bulk_batch(),
        "captured_request" => crate::captured_request::seeds(),
        "chats_answer" => crate::chats_answer::seeds(),
        "claims" => oauth_seeds::claims(),
        "crm_hook" => crate::crm_hook::seeds(),
        "disconnect_query" => disconnect_query(),
        "explain" => explain(),
        "form" => crate::form::seeds(),
        "grant_steps" => oauth_seeds::grant_steps(),
        "hook_record" => crate::stored_hooks::record_seeds(),
        "hook_verifiers" => crate::hook_verifiers::seeds(),
        "open_api_answer" => crate::open_api_answer::seeds(),
        "open_api_hook" => crate::open_api_hook::seeds(),
        "redirect" => oauth_seeds::redirect(),
        "request_date" => request_date(),
        "request_path" => request_path(),
        "return_url" => crate::return_url::seeds(),
        "signature_text" => signature_text(),
        "spool_group" => crate::stored_hooks::group_seeds(),
        "stored_grant" => oauth_seeds::stored_grant(),
        "string_to_sign" => string_to_sign(),
        "token_response" => oauth_seeds::token_response(),
        _ => Vec::new(),
    }
}

fn account_host() -> Vec<(String, Vec<u8>)> {
    account_hosts()
        .into_iter()
        .map(|case| (case.name, case.input.into_bytes()))
        .collect()
}

fn bulk_batch() -> Vec<(String, Vec<u8>)> {
    let bodies: Vec<Vec<u8>> = chat_hooks().into_iter().map(|case| case.body).collect();
    let requests = chats_requests().into_iter().enumerate();
    requests
        .filter_map(|(number, case)| {
            let (content_type, date) = (case.content_type?, case.date?);
            let texts = [
                &case.secret,
                &case.method,
                &case.target,
                &content_type,
                &date,
            ];
            let mut fields: Vec<&[u8]> = texts.map(|text| text.as_bytes()).to_vec();
            fields.push(&case.body);
            fields.extend(bodies.iter().map(Vec::as_slice));
            fields.retain(|field| !field.is_empty());
            let choices = u8::try_from(number % 16).unwrap_or_default();
            Some((case.name, join(choices, &fields)))
        })
        .collect()
}

fn disconnect_query() -> Vec<(String, Vec<u8>)> {
    disconnects()
        .into_iter()
        .map(|case| {
            let fields = [&case.query, &case.client_id, &case.secret];
            (case.name, join(0, &fields.map(|field| field.as_bytes())))
        })
        .collect()
}

fn request_date() -> Vec<(String, Vec<u8>)> {
    chats_requests()
        .into_iter()
        .filter_map(|case| {
            let at = case.at.to_be_bytes();
            Some((case.name, join(0, &[case.date?.as_bytes(), &at])))
        })
        .collect()
}

fn request_path() -> Vec<(String, Vec<u8>)> {
    chats_requests()
        .into_iter()
        .flat_map(|case| {
            let url = format!("https://{}{}", case.host, case.target);
            [
                (format!("{}-target", case.name), case.target.into_bytes()),
                (format!("{}-url", case.name), url.into_bytes()),
            ]
        })
        .collect()
}

fn signature_text() -> Vec<(String, Vec<u8>)> {
    let hooks = chat_hooks().into_iter().map(|case| {
        let fields = [
            case.signature.as_bytes(),
            case.secret.as_bytes(),
            &case.body,
        ];
        (format!("hook-{}", case.name), join(0, &fields))
    });
    let bodies = open_api_bodies().into_iter().map(|case| {
        let fields = [
            case.signature.as_bytes(),
            case.secret.as_bytes(),
            &case.body,
        ];
        (format!("open-api-{}", case.name), join(0, &fields))
    });
    let tokens = compact_jws().into_iter().map(|case| {
        let fields = [case.signature.as_bytes(), case.secret.as_bytes()];
        (format!("token-{}", case.name), join(0, &fields))
    });
    hooks.chain(bodies).chain(tokens).collect()
}

fn string_to_sign() -> Vec<(String, Vec<u8>)> {
    chats_requests()
        .into_iter()
        .map(|case| {
            let absent = [
                case.content_md5.is_none(),
                case.content_type.is_none(),
                case.date.is_none(),
            ];
            let choices = absent
                .iter()
                .rev()
                .fold(0, |choices, absent| choices << 1 | u8::from(*absent));
            let content_type = case.content_type.unwrap_or_default();
            let date = case.date.unwrap_or_default();
            let fields = [
                case.method.as_bytes(),
                content_type.as_bytes(),
                date.as_bytes(),
                case.path.as_bytes(),
                case.secret.as_bytes(),
                &case.body,
            ];
            (case.name, join(choices, &fields))
        })
        .collect()
}

fn explain() -> Vec<(String, Vec<u8>)> {
    let requests = chats_requests().into_iter().map(|case| {
        let signature = case.received_signature.clone().unwrap_or_default();
        let at = case.at.to_string();
        let headers: Vec<String> = case
            .headers()
            .into_iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("x-signature"))
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let mut fields = vec![
            case.secret.as_bytes(),
            signature.as_bytes(),
            case.method.as_bytes(),
            case.target.as_bytes(),
            case.body.as_slice(),
            at.as_bytes(),
        ];
        fields.extend(headers.iter().map(String::as_bytes));
        let choices = u8::from(case.received_signature.is_none()) << 6;
        (format!("request-{}", case.name), join(choices, &fields))
    });
    let hooks = chat_hooks().into_iter().map(|case| {
        let fields = [
            case.secret.as_bytes(),
            case.signature.as_bytes(),
            &case.body,
        ];
        (format!("hook-{}", case.name), join(1, &fields))
    });
    let bodies = open_api_bodies().into_iter().map(|case| {
        let fields = [
            case.secret.as_bytes(),
            case.signature.as_bytes(),
            &case.body,
        ];
        (format!("open-api-{}", case.name), join(2, &fields))
    });
    // The right signature, and the body inside a JSON string.
    let wrapped = chat_hooks().into_iter().flat_map(|case| {
        let fields = [case.secret.as_bytes(), b"", case.body.as_slice()];
        [("hook", 0b10_0101), ("open-api", 0b10_0110)].map(|(verifier, choices)| {
            let name = format!("{verifier}-in-a-string-{}", case.name);
            (name, join(choices, &fields))
        })
    });
    let disconnects = disconnects().into_iter().map(|case| {
        let others = case
            .query
            .split('&')
            .filter(|pair| !pair.starts_with("signature="));
        let query: Vec<&str> = others.collect();
        let (query, signature) = (query.join("&"), case.signature.unwrap_or_default());
        let fields = [&case.secret, &signature, &query, &case.client_id];
        let fields = fields.map(|field| field.as_bytes());
        (format!("disconnect-{}", case.name), join(3, &fields))
    });
    requests
        .chain(hooks)
        .chain(bodies)
        .chain(wrapped)
        .chain(disconnects)
        .collect()
}
