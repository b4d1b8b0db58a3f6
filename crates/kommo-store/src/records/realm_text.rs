//! A realm as a column, in the spelling of [`GrantKey`](kommo_oauth::grant::GrantKey).

use kommo_account::Realm;

/// `real`, or `sandbox@` and its address.
pub(crate) fn realm_text(realm: Realm) -> String {
    match realm {
        Realm::Sandbox(address) => format!("sandbox@{address}"),
        _ => "real".to_owned(),
    }
}
