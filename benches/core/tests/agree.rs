//! The signer, the floor and the naive twin compute the same: none of them is fast because it does
//! less.

use kommo_bench_core::{floor, inputs, naive};
use kommo_sign::{
    AppSecret, BodyForm, ChannelSecret, ChatHookKey, ChatsSigner, ContentType, OpenApiKey,
    RequestDate, RequestMethod, RequestPath,
};
use sha1::Sha1;
use sha2::Sha256;

const SIZES: [usize; 6] = [0, 95, 350, 600, 1024, 8192];

#[test]
fn bodies_have_the_length_that_the_id_of_a_benchmark_says() {
    for bytes in SIZES {
        assert_eq!(inputs::body(bytes).len(), bytes);
    }
    assert_eq!(inputs::body_ending_in_line_feed(600).len(), 600);
    assert!(inputs::body_ending_in_line_feed(600).ends_with(b"\"}\n"));
}

#[test]
fn all_three_sign_a_request_alike() {
    let secret = ChannelSecret::new(inputs::CHANNEL_SECRET).unwrap();
    let signer = ChatsSigner::new(&secret);
    let floor_key = floor::key::<Sha1>(inputs::CHANNEL_SECRET);
    for bytes in SIZES {
        let body = inputs::body(bytes);
        let signed = signer.sign(
            RequestMethod::POST,
            RequestPath::parse(inputs::PATH).unwrap(),
            ContentType::JSON,
            RequestDate::parse(inputs::DATE).unwrap(),
            &body,
        );
        let ours = (
            signed.content_md5().as_str().to_owned(),
            signed.signature().as_str().to_owned(),
        );
        let naive = naive::sign(inputs::CHANNEL_SECRET, inputs::DATE, inputs::PATH, &body);
        assert_eq!(ours, naive);
        let string_to_sign = inputs::string_to_sign(&ours.0);
        let (md5_text, signature_text) = floor::sign(&floor_key, string_to_sign.as_bytes(), &body);
        assert_eq!(ours.0.as_bytes(), md5_text);
        assert_eq!(ours.1.as_bytes(), signature_text);
    }
}

#[test]
fn all_three_judge_a_hook_alike() {
    let key = ChatHookKey::new(&ChannelSecret::new(inputs::CHANNEL_SECRET).unwrap());
    let mut body = inputs::body(600);
    let signature = key.sign(&body);
    let floor_key = floor::key::<Sha1>(inputs::CHANNEL_SECRET);
    let bytes = floor::hmac_sha1(&floor_key, &body);
    assert_eq!(
        base16ct::lower::encode_str(&bytes, &mut [0; 64]).unwrap(),
        signature.as_str()
    );
    body.push(b'\n');
    let proven = key.verify(&body, signature.as_str()).unwrap();
    assert_eq!(proven.form(), BodyForm::WithoutLf);
    assert!(naive::verify_hook(
        inputs::CHANNEL_SECRET,
        &body,
        signature.as_str()
    ));
    let other = key.sign(b"other");
    assert!(key.verify(&body, other.as_str()).is_err());
    assert!(!naive::verify_hook(
        inputs::CHANNEL_SECRET,
        &body,
        other.as_str()
    ));
}

#[test]
fn all_three_sign_an_open_api_body_alike() {
    let key = OpenApiKey::new(&AppSecret::new(inputs::APP_SECRET).unwrap());
    let body = inputs::body(350);
    let signature = key.sign(&body);
    let bytes = floor::hmac_sha256(&floor::key::<Sha256>(inputs::APP_SECRET), &body);
    assert_eq!(
        base16ct::lower::encode_str(&bytes, &mut [0; 64]).unwrap(),
        signature.as_str()
    );
    assert_eq!(
        naive::open_api_sign(inputs::APP_SECRET, &body),
        signature.as_str()
    );
}

// Rules S1, S2, S4, S7, H1, H2.
#[test]
fn all_three_agree_with_the_vectors() {
    let mut judged = 0;
    for case in kommo_test_vectors::chats_requests() {
        let (Some(date), true) = (&case.date, case.is_valid()) else {
            continue;
        };
        let is_ours = case.method == inputs::METHOD
            && case.content_type.as_deref() == Some(inputs::CONTENT_TYPE)
            && case.content_md5.is_some()
            && !case.has_flag("md5-given");
        if is_ours {
            let (md5_text, signature) = naive::sign(&case.secret, date, &case.path, &case.body);
            assert_eq!(
                (&md5_text, &signature),
                (&case.body_md5, &case.signature),
                "{}",
                case.name
            );
            let key = floor::key::<Sha1>(&case.secret);
            let (md5_text, signature) =
                floor::sign(&key, case.string_to_sign.as_bytes(), &case.body);
            assert_eq!(md5_text, case.body_md5.as_bytes(), "{}", case.name);
            assert_eq!(signature, case.signature.as_bytes(), "{}", case.name);
            judged += 1;
        }
    }
    assert!(judged >= 10, "{judged}");
    for case in kommo_test_vectors::chat_hooks()
        .iter()
        .filter(|case| case.is_valid())
    {
        let ends_in_crlf = case.body.ends_with(b"\r\n");
        if !ends_in_crlf {
            assert!(
                naive::verify_hook(&case.secret, &case.body, &case.signature),
                "{}",
                case.name
            );
        }
    }
}
