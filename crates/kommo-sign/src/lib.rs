#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

// In the order the data flows, which is also the order to read them. A file uses only files above
// it.
mod ascii_text;
mod hex;

mod request_method;
mod request_path;
mod request_date;
mod content_type;
mod content_md5;
mod canonical_request;

mod mac;
mod hmac_sha1;
mod secret;
mod signature;
mod error;

mod signed_headers;
mod chats_signer;

mod chat_hook;
mod open_api;
mod disconnect_query;
mod disconnect;
mod compact_jws;
#[cfg(feature = "webhook")]
mod standard_webhook;

mod key_ring;

pub use canonical_request::{BufferTooSmall, CanonicalRequest, StringToSign};
pub use chat_hook::{BodyForm, ChatHookKey, ChatHookStream, ProvenBody, ProvenLength};
pub use chats_signer::{ChatsSigner, VerifyRequestError};
pub use compact_jws::{CompactJws, JwsAlgorithm, JwsError, JwsKey, ParseJwsError};
pub use content_md5::{ContentMd5, ContentMd5Stream, ParseContentMd5Error};
pub use content_type::{ContentType, ParseContentTypeError};
pub use disconnect::{DisconnectError, DisconnectKey};
pub use disconnect_query::{DisconnectParameter, DisconnectQuery, ParseDisconnectQueryError};
pub use error::{SignatureMismatch, VerifyError};
pub use key_ring::{KeyId, KeyRing, KeyRingError, ParseKeyIdError, RingMatch, RingRefusal};
pub use open_api::{OpenApiKey, OpenApiStream, visitor_signature};
pub use request_date::{
    DateOutOfRange, Freshness, ParseDateError, RequestDate, SIGNATURE_LIFETIME_SECONDS,
};
pub use request_method::{ParseMethodError, RequestMethod};
pub use request_path::{ParsePathError, RequestPath};
pub use secret::{AppSecret, ChannelSecret, ClientSecret, SECRET_MAX_BYTES, SecretError};
pub use signature::{
    DisconnectSignature, OpenApiSignature, ParseSignatureError, Signature, VisitorSignature,
};
pub use signed_headers::Signed;
#[cfg(feature = "webhook")]
pub use standard_webhook::{
    ParseWebhookIdError, WebhookId, WebhookKey, WebhookSecret, WebhookSecretError, WebhookSignature,
};

/// The README of the repository, whose ten lines of Rust are a test of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadmeOfTheRepository;
