//! Planted markers: no secret, body, token or computed signature shows in `Debug`, `Display` or an
//! error (invariant I8).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

use core::error::Error;
use core::fmt::{Debug, Write};
use core::num::NonZeroU64;

use kommo_sign::{
    AppSecret, CanonicalRequest, ChannelSecret, ChatHookKey, ChatsSigner, ClientSecret, CompactJws,
    ContentMd5Stream, ContentType, DisconnectKey, DisconnectQuery, JwsAlgorithm, JwsKey, KeyId,
    KeyRing, OpenApiKey, RequestDate, RequestMethod, RequestPath, Signature, visitor_signature,
};

const SECRET: &str = "SECRET-MARKER-0123456789";
const BODY: &[u8] = b"{\"text\":\"BODY-MARKER\"}";

#[derive(Default)]
struct Seen {
    text: String,
}

impl Seen {
    fn debug(&mut self, value: &impl Debug) {
        writeln!(self.text, "{value:?}\n{value:#?}").unwrap();
    }

    fn error(&mut self, error: &dyn Error) {
        let mut next = Some(error);
        while let Some(error) = next {
            writeln!(self.text, "{error:?} {error}").unwrap();
            next = error.source();
        }
    }
}

#[test]
fn nothing_that_can_be_printed_holds_a_marker() {
    let mut seen = Seen::default();
    let mut forbidden = vec![
        SECRET.to_owned(),
        "BODY-MARKER".to_owned(),
        "TOKEN-MARKER".to_owned(),
    ];

    let channel = ChannelSecret::new(SECRET).unwrap();
    let client = ClientSecret::new(SECRET).unwrap();
    let app = AppSecret::new(SECRET).unwrap();
    seen.debug(&channel);
    seen.debug(&client);
    seen.debug(&app);
    seen.error(&ChannelSecret::new(&SECRET.repeat(20)).unwrap_err());

    let signer = ChatsSigner::new(&channel);
    let date = RequestDate::from_unix_seconds(1_669_231_521).unwrap();
    let path = RequestPath::parse("/v2/x").unwrap();
    let signed = signer.sign(RequestMethod::POST, path, ContentType::JSON, date, BODY);
    forbidden.push(signed.signature().as_str().to_owned());
    seen.debug(&signer);
    seen.debug(&signed);
    seen.debug(signed.signature());
    let request = CanonicalRequest::new(RequestMethod::POST, path).with_date(date);
    seen.debug(&request.write_to(&mut [0; 99]).unwrap());
    seen.error(
        &signer
            .verify_canonical(&request, signed.signature())
            .unwrap_err(),
    );

    let hook = ChatHookKey::new(&channel);
    let signature = hook.sign(BODY);
    forbidden.push(signature.as_str().to_owned());
    let mut stream = hook.stream();
    stream.update(BODY);
    seen.debug(&hook);
    seen.debug(&stream);
    seen.debug(&hook.verify(BODY, signature.as_str()).unwrap());
    seen.error(&hook.verify(b"{}", signature.as_str()).unwrap_err());
    seen.error(&hook.verify(BODY, SECRET).unwrap_err());
    seen.debug(&ContentMd5Stream::new());

    let open_api = OpenApiKey::new(&app);
    let signature = open_api.sign(BODY);
    forbidden.push(signature.as_str().to_owned());
    seen.debug(&open_api);
    seen.debug(&open_api.stream());
    seen.debug(&signature);
    seen.error(&open_api.verify(b"{}", signature.as_str()).unwrap_err());
    let visitor = visitor_signature(&app, "sbs", "ranstr");
    forbidden.push(visitor.as_str().to_owned());
    seen.debug(&visitor);

    let disconnect = DisconnectKey::new(&client);
    let signature = disconnect.sign("client", NonZeroU64::MIN);
    forbidden.push(signature.as_str().to_owned());
    let query = format!(
        "account_id=1&client_uuid=client&signature={}",
        signature.as_str()
    );
    seen.debug(&disconnect);
    seen.debug(&DisconnectQuery::parse(&query).unwrap());
    seen.error(&disconnect.verify_query("other", &query).unwrap_err());
    seen.error(
        &disconnect
            .verify_query("client", &query.replace("=1&", "=2&"))
            .unwrap_err(),
    );
    seen.error(&disconnect.verify_query("client", SECRET).unwrap_err());

    let jws = JwsKey::new(JwsAlgorithm::Hs256, &client);
    let token = CompactJws::parse("TOKEN-MARKER.b.c").unwrap();
    seen.debug(&jws);
    seen.debug(&token);
    seen.error(&jws.verify(&token, &[0; 32]).unwrap_err());
    seen.error(&CompactJws::parse("TOKEN-MARKER").unwrap_err());

    let mut ring: KeyRing<ChatHookKey> = KeyRing::new();
    ring.insert(KeyId::parse("main").unwrap(), hook.clone(), None)
        .unwrap();
    seen.debug(&ring);
    seen.error(
        &ring
            .verify(0, |key| key.verify(b"", SECRET).map(|_| ()))
            .unwrap_err(),
    );
    seen.error(&Signature::parse(SECRET).unwrap_err());

    assert!(
        seen.text.contains("main"),
        "the text that was searched is the text that was written"
    );
    for marker in forbidden {
        let found = seen.text.to_lowercase().contains(&marker.to_lowercase());
        assert!(
            !found,
            "a marker of {} bytes shows in:\n{}",
            marker.len(),
            seen.text
        );
    }
}

#[test]
fn what_helps_at_night_is_there() {
    let signer = ChatsSigner::new(&ChannelSecret::new(SECRET).unwrap());
    let date = RequestDate::from_unix_seconds(1_669_231_521).unwrap();
    let path = RequestPath::parse("/v2/x").unwrap();
    let signed = signer.sign(RequestMethod::POST, path, ContentType::JSON, date, BODY);
    let text = format!("{signed:?}");
    for part in [
        "POST",
        "Wed, 23 Nov 2022 19:25:21 +0000",
        signed.content_md5().as_str(),
        "22",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}
