//! Every public entry of `kommo-sign`, on bytes that the compiler does not know.

use core::hint::black_box;
use core::num::NonZeroU64;

use kommo_sign::{
    AppSecret, CanonicalRequest, ChannelSecret, ChatHookKey, ChatsSigner, ClientSecret, CompactJws,
    ContentMd5, ContentMd5Stream, ContentType, DisconnectKey, DisconnectQuery, DisconnectSignature,
    JwsAlgorithm, JwsKey, KeyId, KeyRing, OpenApiKey, OpenApiSignature, RequestDate, RequestMethod,
    RequestPath, Signature, VisitorSignature, visitor_signature,
};

/// Signs, verifies and parses; returns how many verdicts were yes. The input is a body, and as text
/// it is everything else.
pub fn every_entry(input: &[u8]) -> u32 {
    let text = core::str::from_utf8(input).unwrap_or_default();
    parse(text);
    request(text, input) + hooks(input, text) + open_api(input, text) + disconnect(text) + jws(text)
}

fn parse(text: &str) {
    black_box(RequestMethod::parse(text).is_ok());
    black_box(RequestPath::parse(text).is_ok());
    black_box(ContentType::parse(text).is_ok_and(|parsed| parsed.is_supported()));
    black_box(RequestDate::parse(text).is_ok_and(|date| date.unix_seconds() > 0));
    black_box(ContentMd5::parse(text).is_ok());
    black_box(Signature::parse(text).is_ok());
    black_box(Signature::parse_any_case(text).is_ok());
    black_box(DisconnectSignature::parse(text).is_ok());
    black_box(OpenApiSignature::parse(text).is_ok());
    black_box(VisitorSignature::parse(text).is_ok());
    black_box(DisconnectQuery::parse(text).is_ok());
    black_box(CompactJws::parse(text).is_ok_and(|token| token.header() == token.payload()));
    black_box(KeyId::parse(text).is_ok());
}

fn request(text: &str, body: &[u8]) -> u32 {
    let Ok(secret) = ChannelSecret::new(text) else {
        return 0;
    };
    let signer = ChatsSigner::new(&secret);
    let (Ok(date), Ok(path)) = (
        RequestDate::from_unix_seconds(black_box(1_669_231_521)),
        RequestPath::parse(black_box(
            "https://amojo.kommo.com/v2/origin/custom/x/connect?a=b",
        )),
    ) else {
        return 0;
    };
    black_box(date.freshness_at(black_box(0)));
    let signed = signer.sign(RequestMethod::POST, path, ContentType::JSON, date, body);
    let mut bytes = 0;
    for (name, value) in signed.headers() {
        bytes += name.len() + value.len();
    }
    black_box(bytes);
    let request = CanonicalRequest::new(signed.method(), signed.path())
        .with_content_md5(*signed.content_md5())
        .with_content_type(ContentType::JSON)
        .with_date(*signed.date());
    let mut buffer = [0; 200];
    let written = request.write_to(&mut buffer);
    black_box(written.is_ok_and(|lines| lines.as_str().len() == request.string_to_sign_length()));
    let mut stream = ContentMd5Stream::new();
    stream.update(body);
    u32::from(stream.finish() == *signed.content_md5())
        + u32::from(signer.verify(&request, body, signed.signature()).is_ok())
        + u32::from(
            signer
                .verify_canonical(&request, signed.signature())
                .is_ok(),
        )
}

fn hooks(body: &[u8], text: &str) -> u32 {
    let Ok(secret) = ChannelSecret::new(text) else {
        return 0;
    };
    let key = ChatHookKey::new(&secret);
    let signature = key.sign(body);
    let whole = key.verify(body, signature.as_str());
    let mut stream = key.stream();
    stream.update(body);
    let streamed = stream.finish(signature.as_str());
    u32::from(whole.is_ok_and(|proven| proven.bytes().len() == body.len()))
        + u32::from(streamed.is_ok_and(|proven| proven.bytes > 0))
        + ring(key, body, signature.as_str())
}

fn ring(key: ChatHookKey, body: &[u8], signature: &str) -> u32 {
    let mut ring: KeyRing<ChatHookKey> = KeyRing::new();
    let Ok(id) = KeyId::parse("new") else {
        return 0;
    };
    black_box(ring.insert(id, key, None).is_ok());
    black_box(ring.retire(&id, 7));
    let found = ring.verify(black_box(7), |key| key.verify(body, signature).map(|_| ()));
    let is_named = found.is_ok_and(|found| found.key_id == id);
    black_box(ring.revoke(&id));
    u32::from(is_named)
}

fn open_api(body: &[u8], text: &str) -> u32 {
    let Ok(secret) = AppSecret::new(text) else {
        return 0;
    };
    black_box(
        visitor_signature(&secret, text, "4ad0faec14a58112")
            .as_str()
            .len(),
    );
    let key = OpenApiKey::new(&secret);
    let mut stream = key.stream();
    stream.update(body);
    u32::from(stream.verify(key.sign(body).as_str()).is_ok())
        + u32::from(key.verify(body, key.sign(body).as_str()).is_ok())
}

fn disconnect(text: &str) -> u32 {
    let Ok(secret) = ClientSecret::new(text) else {
        return 0;
    };
    let key = DisconnectKey::new(&secret);
    let account_id = black_box(NonZeroU64::MAX);
    let signature = key.sign(text, account_id);
    black_box(key.verify_query(text, text).is_ok());
    u32::from(key.verify(text, account_id, &signature).is_ok())
}

fn jws(text: &str) -> u32 {
    let Ok(secret) = ClientSecret::new(text) else {
        return 0;
    };
    let Ok(token) = CompactJws::parse(black_box("header.payload.")) else {
        return 0;
    };
    let refused = |algorithm| {
        let key = JwsKey::new(algorithm, &secret);
        let received = [0; 64];
        let received = received.get(..algorithm.signature_bytes());
        key.verify(&token, received.unwrap_or_default()).is_err()
    };
    u32::from(refused(JwsAlgorithm::Hs256) && refused(JwsAlgorithm::Hs512))
}
