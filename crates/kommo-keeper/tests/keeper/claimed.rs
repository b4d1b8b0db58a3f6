//! Access tokens with claims.

/// An access token that names this host for the look-up of its account.
pub(crate) fn access_token_of(api_domain: &str) -> String {
    let claims = format!(r#"{{"aud":"x","api_domain":"{api_domain}"}}"#);
    let header = base64url(br#"{"typ":"JWT","alg":"RS256"}"#);
    format!("{header}.{}.c2ln", base64url(claims.as_bytes()))
}

/// Base64 for URLs, without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=three.len() {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(char::from(DIGITS[value as usize]));
        }
    }
    text
}
