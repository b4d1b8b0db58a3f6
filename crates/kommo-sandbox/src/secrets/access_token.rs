//! Access tokens: JWTs signed with RS256. A client can decode a token and cannot prove it, as with
//! the real platform.
//!
//! The key stands in this repository, so it is no secret: it makes tokens look right and protects
//! nothing. A caller is accepted by the book of grants, which knows each token that this platform
//! has issued. A key that stays the same distinguishes a token of an earlier run of a sandbox from
//! one that no sandbox signed.

use std::sync::OnceLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

use crate::secrets::token_text::Fingerprint;

/// What an access token says (source: claims read from an issued token; OAuth page).
#[derive(Debug, Clone)]
pub(crate) struct Claims<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) token_id: &'a str,
    pub(crate) issued_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) user: u64,
    pub(crate) account: u64,
    pub(crate) base_domain: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) hash_uuid: &'a str,
    /// Empty leaves the claim out, as in tokens from before August 2024.
    pub(crate) api_domain: &'a str,
}

/// Header and payload of a token, to be signed.
#[derive(Clone)]
pub(crate) struct UnsignedToken(String);

impl UnsignedToken {
    pub(crate) fn new(claims: &Claims<'_>) -> Self {
        let header = json!({"typ": "JWT", "alg": "RS256", "jti": claims.token_id});
        let mut payload = json!({
            "aud": claims.client_id,
            "jti": claims.token_id,
            "iat": claims.issued_at,
            "nbf": claims.issued_at,
            "exp": claims.expires_at,
            "sub": claims.user.to_string(),
            "grant_type": "",
            "account_id": claims.account,
            "base_domain": claims.base_domain,
            "version": 2,
            "scopes": claims.scopes,
            "hash_uuid": claims.hash_uuid,
        });
        if let (Some(fields), false) = (payload.as_object_mut(), claims.api_domain.is_empty()) {
            fields.insert("api_domain".into(), Value::from(claims.api_domain));
        }
        let part = |json: &Value| Base64UrlUnpadded::encode_string(json.to_string().as_bytes());
        Self(format!("{}.{}", part(&header), part(&payload)))
    }

    /// What the book of grants knows the token by.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    /// A token that decodes, and is not let in anywhere.
    pub(crate) fn with_junk_signature(self) -> String {
        let signature = Base64UrlUnpadded::encode_string(&[0; 256]);
        format!("{}.{signature}", self.0)
    }
}

/// RSA, 2048 bits, PKCS #8. Made with `openssl genpkey`, for sandboxes alone.
const PUBLISHED_KEY: &[u8] = include_bytes!("token_signing_key.pk8");

/// The key of every sandbox, read when it is first needed. No `Debug`.
#[derive(Default)]
pub(crate) struct SigningKey(OnceLock<Option<RsaKeyPair>>);

impl SigningKey {
    /// The whole token; `None` without random bytes.
    pub(crate) fn sign(&self, token: UnsignedToken) -> Option<String> {
        let key = self.key()?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            token.0.as_bytes(),
            &mut signature,
        )
        .ok()?;
        let signature = Base64UrlUnpadded::encode_string(&signature);
        Some(format!("{}.{signature}", token.0))
    }

    /// The fingerprint of a token that this key signed.
    pub(crate) fn verify(&self, token: &str) -> Option<Fingerprint> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = Base64UrlUnpadded::decode_vec(signature).ok()?;
        let public = self.key()?.public_key();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_ref())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        Some(Fingerprint::of(signed))
    }

    fn key(&self) -> Option<&RsaKeyPair> {
        let read = self
            .0
            .get_or_init(|| RsaKeyPair::from_pkcs8(PUBLISHED_KEY).ok());
        read.as_ref()
    }
}
