//! The five lines and their signature. Rules S1 to S8 and S11.

use kommo_sign::{
    CanonicalRequest, ChannelSecret, ChatsSigner, ContentMd5, ContentMd5Stream, ContentType,
    RequestDate, RequestMethod, RequestPath, SECRET_MAX_BYTES,
};

use crate::fields::Fields;
use crate::naive_mac;

/// What is signed is five lines, whatever the parts are, and the signature is the textbook's.
///
/// Fields: method, content type, date, path, secret, body. Choices 0 to 2: the header is absent.
///
/// # Panics
///
/// If a law is broken.
pub fn string_to_sign(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (method, content_type, date) = (fields.text(), fields.text(), fields.text());
    let (path, secret, body) = (fields.text(), fields.text(), fields.bytes());

    let Some(signer) = signer(&secret) else {
        return;
    };
    let (Ok(method), Ok(path)) = (RequestMethod::parse(&method), RequestPath::parse(&path)) else {
        return;
    };
    let (Ok(content_type), Ok(date)) =
        (ContentType::parse(&content_type), RequestDate::parse(&date))
    else {
        return;
    };
    let content_md5 = ContentMd5::of(body);
    assert_eq!(content_md5.as_str(), naive_mac::md5_hex(body));

    let mut request = CanonicalRequest::new(method, path);
    let mut lines = [method.as_str(), "", "", "", path.as_str()];
    if !fields.choice(0) {
        request = request.with_content_md5(content_md5);
        lines[1] = content_md5.as_str();
    }
    if !fields.choice(1) {
        request = request.with_content_type(content_type);
        lines[2] = content_type.as_str();
    }
    if !fields.choice(2) {
        request = request.with_date(date);
        lines[3] = date.as_str();
    }
    written_as(&request, &lines.join("\n"));
    signed_as(&signer, &request, &secret, &lines.join("\n"));

    let signed = signer.sign(method, path, content_type, date, body);
    let whole = [
        method.as_str(),
        content_md5.as_str(),
        content_type.as_str(),
        date.as_str(),
        path.as_str(),
    ];
    let expected = naive_mac::hmac_sha1(&secret, whole.join("\n").as_bytes());
    let headers = [
        ("Date", date.as_str()),
        ("Content-Type", content_type.as_str()),
        ("Content-MD5", content_md5.as_str()),
        ("X-Signature", expected.as_str()),
    ];
    assert_eq!(signed.headers(), headers);
    assert_eq!(signed.body().as_ptr(), body.as_ptr(), "the body was copied");
    proves_this_body_alone(&signer, &request, body);
    streamed_as_whole(body, content_md5);
}

/// None if the text is no secret, which it must be for two reasons alone: there is nothing in it,
/// or too much.
fn signer(secret: &str) -> Option<ChatsSigner> {
    let is_blank =
        |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\u{feff}';
    let admitted = ChannelSecret::new(secret);
    assert_eq!(
        admitted.is_ok(),
        !secret.chars().all(is_blank) && secret.len() <= SECRET_MAX_BYTES
    );
    admitted.ok().map(|secret| ChatsSigner::new(&secret))
}

fn written_as(request: &CanonicalRequest<'_>, expected: &str) {
    assert_eq!(expected.matches('\n').count(), 4, "a line was forged");
    assert!(
        expected
            .bytes()
            .all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte))
    );
    assert_eq!(request.string_to_sign_length(), expected.len());
    assert_eq!(request.pieces().concat(), expected.as_bytes());
    let mut buffer = vec![0; expected.len()];
    let written = request
        .write_to(&mut buffer)
        .map(|text| text.as_str().to_owned());
    assert_eq!(written.as_deref(), Ok(expected));
    let mut short = vec![0; expected.len() - 1];
    let refused = request.write_to(&mut short).map_err(|error| error.needed);
    assert_eq!(refused.err(), Some(expected.len()));
}

fn signed_as(signer: &ChatsSigner, request: &CanonicalRequest<'_>, secret: &str, lines: &str) {
    let expected = naive_mac::hmac_sha1(secret, lines.as_bytes());
    let signature = signer.sign_canonical(request);
    assert_eq!(signature.as_str(), expected);
    assert!(signer.verify_canonical(request, &signature).is_ok());
    let other = signer.sign_canonical(&request.with_content_md5(ContentMd5::from_digest([7; 16])));
    let verdict = signer.verify_canonical(request, &other);
    assert_eq!(verdict.is_ok(), other.as_str() == expected);
}

/// The verdict with a body: only with a `Content-MD5`, and only on the body that it belongs to.
fn proves_this_body_alone(signer: &ChatsSigner, request: &CanonicalRequest<'_>, body: &[u8]) {
    let signature = signer.sign_canonical(request);
    let covered = request.content_md5().is_some();
    let proven = signer.verify(request, body, &signature);
    assert_eq!(proven.ok(), covered.then_some(body));
    let other = [body, b"\n"].concat();
    assert!(signer.verify(request, &other, &signature).is_err());
}

fn streamed_as_whole(body: &[u8], whole: ContentMd5) {
    let mut stream = ContentMd5Stream::new();
    body.chunks(13).for_each(|piece| stream.update(piece));
    assert_eq!(stream.finish(), whole);
}
