//! Every vector of the workspace through the signer and the verdicts.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_sign::{
    AppSecret, BodyForm, CanonicalRequest, ChannelSecret, ChatHookKey, ChatsSigner, ClientSecret,
    CompactJws, ContentMd5, ContentType, DisconnectError, DisconnectKey, Freshness, JwsAlgorithm,
    JwsKey, KeyId, KeyRing, OpenApiKey, RequestDate, RequestMethod, RequestPath, Signature,
    visitor_signature,
};
use kommo_test_vectors::{
    ChatsRequestCase, Covered, chat_hooks, chats_requests, compact_jws, disconnects,
    open_api_bodies, visitors,
};

fn signer(case: &ChatsRequestCase) -> ChatsSigner {
    ChatsSigner::new(&ChannelSecret::new(&case.secret).unwrap())
}

/// The five parts as they stand in the case, or nothing where a part is one that we refuse to read.
fn canonical(case: &ChatsRequestCase) -> Option<CanonicalRequest<'_>> {
    let method = RequestMethod::parse(&case.method).ok()?;
    let path = RequestPath::parse(&case.target).ok()?;
    let mut request = CanonicalRequest::new(method, path);
    if let Some(text) = &case.content_md5 {
        request = request.with_content_md5(ContentMd5::parse(text).ok()?);
    }
    if let Some(text) = &case.content_type {
        request = request.with_content_type(ContentType::parse(text).ok()?);
    }
    if let Some(text) = &case.date {
        request = request.with_date(RequestDate::parse(text).ok()?);
    }
    Some(request)
}

/// What a server would say that admits absent headers (rule S8), but no request whose age it cannot
/// tell.
fn admitted(case: &ChatsRequestCase) -> bool {
    let fresh = |text: &String| {
        let date = RequestDate::parse(text).ok();
        let now = u64::try_from(case.at).unwrap();
        date.is_some_and(|date| date.freshness_at(now) == Freshness::Fresh)
    };
    let supported = |text: &String| ContentType::parse(text).is_ok_and(|it| it.is_supported());
    let received = case
        .received_signature
        .as_ref()
        .and_then(|text| Signature::parse(text).ok());
    case.date.as_ref().is_some_and(fresh)
        && case.content_type.as_ref().is_none_or(supported)
        && received
            .zip(canonical(case))
            .is_some_and(|(received, request)| {
                let signer = signer(case);
                if case.has_flag("md5-given") || case.content_md5.is_none() {
                    signer.verify_canonical(&request, &received).is_ok()
                } else {
                    signer.verify(&request, &case.body, &received).is_ok()
                }
            })
}

// Rules S1, S2, S3, S4, S5, S6, S7, S8.
#[test]
fn every_stage_of_every_valid_request_is_reproduced() {
    for case in chats_requests().iter().filter(|case| case.is_valid()) {
        let name = &case.name;
        let request = canonical(case).unwrap_or_else(|| panic!("{name}: a part is refused"));
        let mut buffer = [0; 1024];
        let string_to_sign = request.write_to(&mut buffer).unwrap();
        assert_eq!(
            string_to_sign.as_str(),
            case.string_to_sign,
            "{name}: string to sign"
        );
        assert_eq!(
            request.string_to_sign_length(),
            case.string_to_sign.len(),
            "{name}"
        );
        assert_eq!(
            signer(case).sign_canonical(&request).as_str(),
            case.signature,
            "{name}"
        );
        if !case.has_flag("md5-given") {
            assert_eq!(
                ContentMd5::of(&case.body).as_str(),
                case.body_md5,
                "{name}: md5"
            );
        }
    }
}

// Rules S1, S7.
#[test]
fn the_high_road_signs_like_the_low_one() {
    let mut tried = 0;
    for case in chats_requests() {
        let (Some(content_type), Some(date)) = (&case.content_type, &case.date) else {
            continue;
        };
        if !case.is_valid() || case.has_flag("md5-given") || case.content_md5.is_none() {
            continue;
        }
        let signer = signer(&case);
        let signed = signer.sign(
            RequestMethod::parse(&case.method).unwrap(),
            RequestPath::parse(&case.target).unwrap(),
            ContentType::parse(content_type).unwrap(),
            RequestDate::parse(date).unwrap(),
            &case.body,
        );
        let expected = [
            ("Date", date.as_str()),
            ("Content-Type", content_type.as_str()),
            ("Content-MD5", case.body_md5.as_str()),
            ("X-Signature", case.signature.as_str()),
        ];
        assert_eq!(signed.headers(), expected, "{}", case.name);
        assert_eq!(signed.path().as_str(), case.path, "{}", case.name);
        assert!(
            core::ptr::eq(signed.body(), case.body.as_slice()),
            "the body is given back, not copied"
        );
        tried += 1;
    }
    assert!(tried >= 10, "only {tried} cases were fit");
}

// Rules S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, D2, D3, D4, D5.
#[test]
fn the_verdict_on_every_request_is_that_of_its_vector() {
    for case in chats_requests() {
        assert_eq!(
            admitted(&case),
            case.is_valid(),
            "{}: {:?}",
            case.name,
            case.reason
        );
    }
}

// Rules H1, H2, H3.
#[test]
fn the_verdict_on_every_chat_hook_is_that_of_its_vector() {
    for case in chat_hooks() {
        let key = ChatHookKey::new(&ChannelSecret::new(&case.secret).unwrap());
        let verdict = key.verify(&case.body, &case.signature);
        assert_eq!(
            verdict.is_ok(),
            case.is_valid(),
            "{}: {:?}",
            case.name,
            case.reason
        );
        let Ok(proven) = verdict else { continue };
        assert_eq!(
            proven.bytes(),
            case.signed_body,
            "{}: proven bytes",
            case.name
        );
        let form = match case.covered.unwrap() {
            Covered::WithoutLf => BodyForm::WithoutLf,
            Covered::WithoutCrlf => BodyForm::WithoutCrlf,
            _ => BodyForm::Raw,
        };
        assert_eq!(proven.form(), form, "{}", case.name);
        assert_eq!(
            key.sign(&case.signed_body).as_str(),
            case.signature.to_lowercase(),
            "{}",
            case.name
        );
    }
}

// Rules X1, X2, X3, X4, X5, X6.
#[test]
fn the_verdict_on_every_disconnect_hook_is_that_of_its_vector() {
    for case in disconnects() {
        let mut ring: KeyRing<DisconnectKey> = KeyRing::new();
        for (number, secret) in case.secrets.iter().enumerate() {
            let key = DisconnectKey::new(&ClientSecret::new(secret).unwrap());
            ring.insert(KeyId::parse(&number.to_string()).unwrap(), key, None)
                .unwrap();
        }
        let verdict = ring.verify(0, |key| key.verify_query(&case.client_id, &case.query));
        assert_eq!(
            verdict.is_ok(),
            case.is_valid(),
            "{}: {:?}",
            case.name,
            case.reason
        );
        if let Ok(found) = verdict {
            assert_eq!(Some(found.proven.get()), case.account_id, "{}", case.name);
            let key = DisconnectKey::new(&ClientSecret::new(&case.secret).unwrap());
            let signature = key.sign(&case.client_id, found.proven);
            if case.secrets.len() == 1 {
                assert_eq!(
                    Some(signature.as_str().to_owned()),
                    case.signature.map(|it| it.to_lowercase())
                );
            }
        }
    }
}

// Rule X3.
#[test]
fn a_hook_of_another_integration_is_named_as_such() {
    let case = kommo_test_vectors::disconnect("other-client");
    let key = DisconnectKey::new(&ClientSecret::new(&case.secret).unwrap());
    assert_eq!(
        key.verify_query(&case.client_id, &case.query),
        Err(DisconnectError::OtherClient)
    );
}

// Rules O1, O2, O3, O4, O5.
#[test]
fn the_verdict_on_every_open_api_body_is_that_of_its_vector() {
    for case in open_api_bodies() {
        let verdict = AppSecret::new(&case.secret).map(|secret| {
            let key = OpenApiKey::new(&secret);
            if case.is_valid() {
                assert_eq!(
                    key.sign(&case.body).as_str(),
                    case.signature,
                    "{}",
                    case.name
                );
            }
            key.verify(&case.body, &case.signature).map(<[u8]>::len)
        });
        let proven = verdict == Ok(Ok(case.body.len()));
        assert_eq!(proven, case.is_valid(), "{}: {:?}", case.name, case.reason);
    }
}

// Rule V1.
#[test]
fn every_visitor_signature_is_reproduced() {
    for case in visitors() {
        let secret = AppSecret::new(&case.secret).unwrap();
        let signature = visitor_signature(&secret, &case.sbs, &case.ranstr);
        assert_eq!(signature.as_str(), case.signature, "{}", case.name);
    }
}

// Rules J1, J2, J3.
#[test]
fn the_verdict_on_every_token_is_that_of_its_vector() {
    for case in compact_jws() {
        let algorithm = match case.algorithm.as_str() {
            "HS256" => JwsAlgorithm::Hs256,
            "HS512" => JwsAlgorithm::Hs512,
            other => panic!("{}: algorithm {other}", case.name),
        };
        let key = JwsKey::new(algorithm, &ClientSecret::new(&case.secret).unwrap());
        let token = CompactJws::parse(&case.token).unwrap();
        assert_eq!(token.signed_part(), case.signed_part, "{}", case.name);
        assert_eq!(token.signature(), case.signature, "{}", case.name);
        let signature = Base64UrlUnpadded::decode_vec(token.signature());
        let proven = signature.is_ok_and(|bytes| key.verify(&token, &bytes).is_ok());
        assert_eq!(proven, case.is_valid(), "{}: {:?}", case.name, case.reason);
    }
}
