//! Explanations. They say yes exactly where the signer's verdict and the other rules do, and never
//! tell the right signature.

use alloc::borrow::Cow;

use kommo_explain::{
    Explanation, Finding, FindingCode, MACS_MAX, ReceivedRequest, SecretError, explain_chat_hook,
    explain_chats_request, explain_disconnect, explain_open_api,
};
use kommo_sign::{
    AppSecret, CanonicalRequest, ChannelSecret, ChatHookKey, ChatsSigner, ClientSecret, ContentMd5,
    ContentType, DisconnectKey, DisconnectQuery, Freshness, OpenApiKey, RequestDate, RequestMethod,
    RequestPath, Signature,
};

use crate::fields::Fields;

/// Choices 0 and 1 name the verifier. Choice 2: the right signature stands in for the one in the
/// input; 3: in upper case; 4: without its last digit; 5: the body of a hook or of the Open API
/// comes inside a JSON string; 6: the request has no signature.
///
/// - request: secret, signature, method, target, body, the second of the judgement, the other
///   headers as `Name: value`.
/// - chat hook, Open API body: secret, signature, body.
/// - disconnect hook: secret, signature, the query without it, our client id.
///
/// # Panics
///
/// If a law is broken.
pub fn explain(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (secret, signature) = (fields.text(), fields.text());
    let received = Received {
        text: &signature,
        instead: fields.choice(2),
        upper_case: fields.choice(3),
        truncated: fields.choice(4),
        wrapped: fields.choice(5),
    };
    match (fields.choice(0), fields.choice(1)) {
        (false, false) => request(&mut fields, &secret, &received),
        (true, false) => chat_hook(fields.bytes(), &secret, &received),
        (false, true) => open_api(fields.bytes(), &secret, &received),
        (true, true) => disconnect(&fields.text(), &fields.text(), &secret, &received),
    }
}

/// The signature that comes: of the input, or the right one in some shape.
struct Received<'a> {
    text: &'a str,
    instead: bool,
    upper_case: bool,
    truncated: bool,
    wrapped: bool,
}

impl Received<'_> {
    fn text(&self, right: Option<&str>) -> String {
        let Some(right) = right.filter(|_| self.instead) else {
            return self.text.to_owned();
        };
        let mut text = right.to_owned();
        if self.upper_case {
            text.make_ascii_uppercase();
        }
        if self.truncated {
            text.pop();
        }
        text
    }

    /// The body as it comes: inside a JSON string, if it is text and short enough for that to be
    /// looked for.
    fn body<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        let text = core::str::from_utf8(body)
            .ok()
            .filter(|text| text.len() <= WRAPPED_BYTES_MAX);
        let wrapped = text.filter(|_| self.wrapped).map(serde_json::to_string);
        match wrapped {
            Some(Ok(text)) => Cow::Owned(text.into_bytes()),
            _ => Cow::Borrowed(body),
        }
    }

    /// A right signature over a body that comes in a wrapper has a known cause.
    fn check_wrapper(&self, explanation: &Result<Explanation, SecretError>, is_wrapped: bool) {
        let is_whole = self.instead && !self.upper_case && !self.truncated;
        let Ok(explanation) = explanation else { return };
        if is_wrapped && is_whole && !explanation.accepted() {
            let mut codes = explanation.findings().iter().map(|finding| finding.code());
            assert!(
                codes.any(|code| code == FindingCode::BodyReEncoded),
                "{explanation:?}"
            );
        }
    }
}

/// A JSON string of that many bytes may be six times as long; so it stays below what is unwrapped.
const WRAPPED_BYTES_MAX: usize = 1024;

fn check(
    explanation: Result<Explanation, SecretError>,
    secret_admitted: bool,
    accepted: bool,
    never_told: &[String],
) {
    assert_eq!(explanation.is_ok(), secret_admitted);
    let Ok(explanation) = explanation else {
        return;
    };
    assert_eq!(explanation.accepted(), accepted, "{explanation:?}");
    assert!(
        accepted || !explanation.findings().is_empty(),
        "refused without a reason"
    );
    assert!(explanation.macs_tried() <= MACS_MAX);
    let codes: Vec<FindingCode> = explanation.findings().iter().map(Finding::code).collect();
    // A cause was found, or none was: never both.
    let is_unknown = codes.contains(&FindingCode::Unknown);
    assert!(
        !(is_unknown && codes.iter().any(|code| RECIPES.contains(code))),
        "{explanation:?}"
    );
    let mut told = format!("{explanation:?}");
    for finding in explanation.findings() {
        told.push_str(&finding.to_string());
    }
    let told = told.to_ascii_lowercase();
    for signature in never_told {
        assert!(
            !told.contains(signature.as_str()),
            "the right signature is told"
        );
    }
}

/// Causes that only a recipe gives, found by its MAC.
const RECIPES: [FindingCode; 14] = [
    FindingCode::ArgumentsSwapped,
    FindingCode::BodyAmongLines,
    FindingCode::BodyOnlyScheme,
    FindingCode::HeaderSigned,
    FindingCode::HeaderWhitespace,
    FindingCode::KeyEncoded,
    FindingCode::KeyHexDecoded,
    FindingCode::NothingSigned,
    FindingCode::OtherHash,
    FindingCode::SecretPlaceholder,
    FindingCode::SecretTruncated,
    FindingCode::SecretWhitespace,
    FindingCode::WrongOrder,
    FindingCode::WrongSeparator,
];

fn chat_hook(body: &[u8], secret: &str, received: &Received<'_>) {
    let key = ChannelSecret::new(secret).map(|secret| ChatHookKey::new(&secret));
    let text = body.strip_suffix(b"\n").unwrap_or(body);
    let never_told: Vec<String> = key
        .iter()
        .flat_map(|key| [key.sign(body), key.sign(text)])
        .map(|signature| signature.as_str().to_owned())
        .collect();
    let signature = received.text(never_told.first().map(String::as_str));
    let came = received.body(body);
    let accepted = key.is_ok_and(|key| key.verify(&came, &signature).is_ok());
    let explanation = explain_chat_hook(&came, &signature, secret);
    received.check_wrapper(&explanation, came != body);
    check(explanation, !never_told.is_empty(), accepted, &never_told);
}

fn open_api(body: &[u8], secret: &str, received: &Received<'_>) {
    let key = AppSecret::new(secret).map(|secret| OpenApiKey::new(&secret));
    let right: Vec<String> = key
        .iter()
        .map(|key| key.sign(body).as_str().to_owned())
        .collect();
    let signature = received.text(right.first().map(String::as_str));
    let came = received.body(body);
    let accepted = key.is_ok_and(|key| key.verify(&came, &signature).is_ok());
    let explanation = explain_open_api(&came, &signature, secret);
    received.check_wrapper(&explanation, came != body);
    check(explanation, !right.is_empty(), accepted, &right);
}

fn disconnect(query: &str, client_id: &str, secret: &str, received: &Received<'_>) {
    let key = ClientSecret::new(secret).map(|secret| DisconnectKey::new(&secret));
    let probe = format!("{query}&signature={}", "0".repeat(64));
    let account = DisconnectQuery::parse(&probe).map(|query| query.account_id());
    let right: Vec<String> = key
        .iter()
        .zip(account.iter())
        .map(|(key, account)| key.sign(client_id, *account).as_str().to_owned())
        .collect();
    let query = format!(
        "{query}&signature={}",
        received.text(right.first().map(String::as_str))
    );
    let secret_admitted = key.is_ok();
    let accepted = key.is_ok_and(|key| key.verify_query(client_id, &query).is_ok());
    let explanation = explain_disconnect(&query, client_id, secret);
    check(explanation, secret_admitted, accepted, &right);
}

fn request(fields: &mut Fields<'_>, secret: &str, received: &Received<'_>) {
    let (method, target, body) = (fields.text(), fields.text(), fields.bytes());
    let now: Option<u64> = fields.text().parse().ok();
    let lines: Vec<String> = (0..6).map(|_| fields.text().into_owned()).collect();
    let mut headers: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .collect();

    let signer = ChannelSecret::new(secret).map(|secret| ChatsSigner::new(&secret));
    let parts = ReceivedRequest::new(&method, &target, &headers, body);
    let canonical = canonical(&parts);
    let right: Vec<String> = signer
        .iter()
        .zip(canonical.iter())
        .map(|(signer, canonical)| signer.sign_canonical(canonical).as_str().to_owned())
        .collect();
    let signature = received.text(right.first().map(String::as_str));
    if !fields.choice(6) {
        headers.push(("X-Signature", &signature));
    }
    let request = ReceivedRequest::new(&method, &target, &headers, body);
    let accepted = others_right(&request, now) && is_signed(&request, signer.as_ref().ok());
    let explanation = explain_chats_request(&request, secret, now);
    check(explanation, signer.is_ok(), accepted, &right);
}

/// The parts that the signature covers, if each is one of this API.
fn canonical<'a>(request: &ReceivedRequest<'a>) -> Option<CanonicalRequest<'a>> {
    let method = RequestMethod::parse(request.method()).ok()?;
    let path = RequestPath::parse(request.target()).ok()?;
    let mut canonical = CanonicalRequest::new(method, path);
    if let Some(text) = request.header("content-md5").next() {
        canonical = canonical.with_content_md5(ContentMd5::parse(text).ok()?);
    }
    let content_type = request.header("content-type").next();
    if let Some(text) = content_type.filter(|text| !text.is_empty()) {
        canonical = canonical.with_content_type(ContentType::parse(text).ok()?);
    }
    if let Some(text) = request.header("date").next() {
        canonical = canonical.with_date(RequestDate::parse(text).ok()?);
    }
    Some(canonical)
}

fn is_signed(request: &ReceivedRequest<'_>, signer: Option<&ChatsSigner>) -> bool {
    let received = request.header("x-signature").next().map(Signature::parse);
    match (canonical(request), signer, received) {
        (Some(canonical), Some(signer), Some(Ok(received))) => {
            signer.verify_canonical(&canonical, &received).is_ok()
        }
        _ => false,
    }
}

/// What a receiver looks at besides the signature.
fn others_right(request: &ReceivedRequest<'_>, now: Option<u64>) -> bool {
    let names = ["date", "content-type", "content-md5", "x-signature"];
    let once = names.iter().all(|name| request.header(name).count() <= 1);
    let date = request.header("date").next().map(RequestDate::parse);
    let is_fresh = match (date, now) {
        (Some(Ok(date)), Some(now)) => date.freshness_at(now) == Freshness::Fresh,
        (Some(Ok(_)), None) => true,
        _ => false,
    };
    let content_type = request.header("content-type").next();
    let supported = content_type.is_none_or(|text| text.is_empty() || text == "application/json");
    let content_md5 = request.header("content-md5").next();
    let of_body = content_md5.is_none_or(|text| text == ContentMd5::of(request.body()).as_str());
    once && is_fresh && supported && of_body
}
