//! Disconnect hooks. Rules X1 to X5.

use core::num::NonZeroU64;

use kommo_sign::{ClientSecret, DisconnectKey};

use crate::fields::Fields;
use crate::naive_mac;

/// A query is proven if the naive reader proves it, for the same account.
///
/// Fields: query, our client id, secret. Choice 0: the right signature is added to the query; 1: in
/// upper case.
///
/// # Panics
///
/// If a law is broken.
pub fn disconnect_query(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (query, our_client_id, secret) = (fields.text(), fields.text(), fields.text());
    let Ok(client_secret) = ClientSecret::new(&secret) else {
        return;
    };
    let mut query = query.into_owned();
    if fields.choice(0) {
        let account = values(&query, "account_id")
            .first()
            .and_then(|text| account(text));
        let right = signature(&our_client_id, account.map_or(1, NonZeroU64::get), &secret);
        query.push_str("&signature=");
        query.push_str(&if fields.choice(1) {
            right.to_ascii_uppercase()
        } else {
            right
        });
    }
    let verdict = DisconnectKey::new(&client_secret).verify_query(&our_client_id, &query);
    assert_eq!(
        verdict.ok(),
        naive(&query, &our_client_id, &secret),
        "{query:?}"
    );
}

fn naive(query: &str, our_client_id: &str, secret: &str) -> Option<NonZeroU64> {
    let at_most_one = |name| {
        let values = values(query, name);
        (values.len() <= 1).then(|| values.first().copied())
    };
    let account = account(at_most_one("account_id")??)?;
    let received = at_most_one("signature")??;
    let (uuid, id) = (at_most_one("client_uuid")?, at_most_one("client_id")?);
    let client_ids: Vec<&str> = uuid.into_iter().chain(id).collect();
    let is_ours = !client_ids.is_empty() && client_ids.iter().all(|id| *id == our_client_id);
    let right = signature(our_client_id, account.get(), secret);
    let is_right = received.eq_ignore_ascii_case(&right);
    (is_ours && is_right).then_some(account)
}

/// The values of a parameter, in their order.
fn values<'a>(query: &'a str, name: &str) -> Vec<&'a str> {
    let query = query.strip_prefix('?').unwrap_or(query);
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .filter(|(own, _)| *own == name)
        .map(|(_, value)| value)
        .collect()
}

fn account(text: &str) -> Option<NonZeroU64> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > 20 || !digits_only {
        return None;
    }
    text.parse().ok()
}

fn signature(client_id: &str, account: u64, secret: &str) -> String {
    naive_mac::hmac_sha256(secret, format!("{client_id}|{account}").as_bytes())
}
