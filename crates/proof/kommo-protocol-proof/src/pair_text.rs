//! Tokens whose last digits are the number of their pair, so that a token can be recognised
//! wherever it is found.

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, HeldPair, UnsavedPair};
use kommo_oauth::token::{ACCESS_TOKEN_LIFETIME, AccessToken, RefreshToken, TokenPair};

use crate::platform::PairId;

/// An unsigned token that names a shared API host, as the platform's own do: `{}` and
/// `{"api_domain":"api-c.kommo.com"}`.
const WITH_API_DOMAIN: &str = "e30.eyJhcGlfZG9tYWluIjoiYXBpLWMua29tbW8uY29tIn0.a";

/// The pair of this number, as an answer of the platform would carry it.
#[allow(
    clippy::expect_used,
    reason = "letters and digits are a token; a model that cannot make one is useless"
)]
pub(crate) fn pair(id: PairId, has_api_domain: bool, now: UnixSeconds) -> TokenPair {
    let before = if has_api_domain { WITH_API_DOMAIN } else { "a" };
    let access = AccessToken::new(format!("{before}{id}")).expect("letters, dots and digits");
    let refresh = RefreshToken::new(format!("r{id}")).expect("a letter and digits");
    let end = now.plus(ACCESS_TOKEN_LIFETIME);
    TokenPair::new(access, refresh, now, end)
}

/// The number of a token's pair.
pub(crate) fn id_of(token: &str) -> PairId {
    let bytes = token.bytes().rev().take_while(u8::is_ascii_digit);
    let mut id = 0;
    let mut place = 1;
    for byte in bytes {
        id += PairId::from(byte - b'0') * place;
        place *= 10;
    }
    id
}

/// Every pair of a grant.
pub(crate) fn held_by(grant: &Grant) -> impl Iterator<Item = &HeldPair> {
    let pairs = grant.state.pairs();
    pairs
        .into_iter()
        .flat_map(|pairs| pairs.spares().iter().chain([pairs.newest()]))
}

/// The number of a pair that a grant holds.
pub(crate) fn id_of_pair(held: &HeldPair) -> PairId {
    id_of(held.pair.refresh_token.expose())
}

/// The number of a pair that is not saved yet.
pub(crate) fn id_of_unsaved(unsaved: &UnsavedPair) -> PairId {
    id_of(unsaved.pair.refresh_token.expose())
}
