//! The header that carries an access token.
//!
//! Source: rule L1 of `docs/protocol.md`.

use alloc::string::String;

use kommo_oauth::token::AccessToken;
use zeroize::Zeroizing;

const SCHEME: &str = "Bearer ";

/// The value of `Authorization`, wiped on drop. INVARIANT: it is as long as it gets, so no copy is
/// left in memory.
pub(crate) fn authorization(token: &AccessToken) -> Zeroizing<String> {
    let token = token.expose();
    let mut value = Zeroizing::new(String::with_capacity(SCHEME.len() + token.len()));
    value.push_str(SCHEME);
    value.push_str(token);
    value
}
