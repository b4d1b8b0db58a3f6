//! The sandbox's own reading of the disconnect hook's signature: HMAC-SHA256 of client id, bar,
//! account id, as lower-case hex (rule X1). Written apart from `kommo-sign`, which it judges.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secrets::channel_key::lower_hex;

/// 64 hex digits; empty for an empty secret, which no integration has.
pub(crate) fn disconnect_signature(client_secret: &str, client_id: &str, account: u64) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(client_secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{client_id}|{account}").as_bytes());
    lower_hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::disconnect_signature;

    // Vector A of the reference: a third program's output.
    #[test]
    fn the_signature_is_the_one_that_openssl_makes() {
        let signature = disconnect_signature(
            "test-secret-0123456789abcdef",
            "01d01160-d7a0-4087-b4af-6a1bb83fcd1d",
            32_720_107,
        );
        assert_eq!(
            signature,
            "1c60d585cda9c08775afb582b55b618205955372883e27d7e2fbf0f0c2c7fd4d"
        );
    }
}
