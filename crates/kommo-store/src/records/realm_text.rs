//! A realm as a column, in the spelling of [`GrantKey`](kommo_oauth::grant::GrantKey).

use kommo_account::{Endpoints, Realm};

/// `real`, or `sandbox@` and its address.
pub(crate) fn realm_text(realm: Realm) -> String {
    match realm {
        Realm::Sandbox(address) => format!("sandbox@{address}"),
        _ => "real".to_owned(),
    }
}

pub(crate) fn parse_realm(text: &str) -> Option<Realm> {
    match text.strip_prefix("sandbox@") {
        Some(address) => {
            let endpoints = Endpoints::loopback(address.parse().ok()?);
            endpoints.ok().map(|endpoints| endpoints.realm())
        }
        None => (text == "real").then_some(Realm::Real),
    }
}
