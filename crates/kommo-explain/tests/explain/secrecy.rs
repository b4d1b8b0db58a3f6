//! Nothing that is secret appears in an explanation: not the secret, not the body, not a signature
//! that we computed.

use kommo_explain::{
    Explanation, ReceivedRequest, explain_chat_hook, explain_disconnect, explain_open_api,
};
use kommo_test_vectors::{chat_hooks, chats_requests, disconnects, open_api_bodies};

use crate::naive::{Sender, base64, hex, hmac_sha1, hmac_sha256};
use crate::vectors::explain_case;

/// Everything that a caller could print.
fn printed(explanation: &Explanation) -> String {
    let mut text = format!("{explanation:?} {explanation:#?}");
    for finding in explanation.findings() {
        let code = finding.code();
        text += &format!(
            "{finding} {finding:?} {} {}",
            finding.message(),
            finding.remedy()
        );
        text += &format!("{code} {code:?} {}", code.remedy());
    }
    text.to_lowercase()
}

#[track_caller]
fn hides(explanation: &Explanation, name: &str, markers: &[String]) {
    let printed = printed(explanation);
    for marker in markers.iter().filter(|marker| marker.len() >= 8) {
        let marker = marker.to_lowercase();
        assert!(!printed.contains(&marker), "{name} shows {marker}");
        // A part would help an attacker too.
        let start = marker
            .char_indices()
            .nth(8)
            .map_or(marker.len(), |(at, _)| at);
        assert!(
            !printed.contains(&marker[..start]),
            "{name} shows a part of {marker}"
        );
    }
}

/// A MAC in all the forms in which it could be printed.
fn forms(mac: &[u8]) -> [String; 3] {
    [hex(mac), base64(mac), format!("{mac:?}")]
}

// Invariant I8.
#[test]
fn no_explanation_of_a_vector_shows_a_signature_a_secret_or_a_body() {
    for case in chats_requests() {
        let mut markers = forms(&hmac_sha1(&case.secret, &case.string_to_sign)).to_vec();
        markers.extend(forms(&hmac_sha256(&case.secret, &case.string_to_sign)));
        markers.extend(forms(&hmac_sha1(&case.secret, &case.body)));
        markers.extend(case.received_signature.clone());
        markers.push(case.secret.clone());
        markers.push(String::from_utf8_lossy(&case.body).into_owned());
        hides(&explain_case(&case), &case.name, &markers);
    }
    for case in chat_hooks() {
        let mut markers = forms(&hmac_sha1(&case.secret, &case.body)).to_vec();
        markers.extend(forms(&hmac_sha1(&case.secret, &case.signed_body)));
        markers.extend([case.secret.clone(), case.signature.clone()]);
        markers.push(String::from_utf8_lossy(&case.body).into_owned());
        let explanation = explain_chat_hook(&case.body, &case.signature, &case.secret).unwrap();
        hides(&explanation, &case.name, &markers);
    }
    for case in open_api_bodies() {
        let Ok(explanation) = explain_open_api(&case.body, &case.signature, &case.secret) else {
            continue;
        };
        let mut markers = forms(&hmac_sha256(&case.secret, &case.body)).to_vec();
        markers.extend([case.secret.clone(), case.signature.clone()]);
        markers.push(String::from_utf8_lossy(&case.body).into_owned());
        hides(&explanation, &case.name, &markers);
    }
    for case in disconnects() {
        let message = case.string_to_sign.clone().unwrap_or_default();
        let mut markers = forms(&hmac_sha256(&case.secret, message)).to_vec();
        markers.extend(case.secrets.clone());
        markers.extend(case.signature.clone());
        let explained = explain_disconnect(&case.query, &case.client_id, &case.secret);
        hides(&explained.unwrap(), &case.name, &markers);
    }
}

// Invariant I8.
#[test]
fn no_explanation_shows_what_was_planted_in_any_part() {
    let planted = "PlantedMarker";
    let mut sender = Sender::right()
        .header("content-type", planted)
        .header("content-md5", planted)
        .header("date", planted)
        .header("host", planted)
        .sends(planted)
        .signature(planted);
    sender.method = planted.into();
    sender.target = format!("/{planted}?{planted}");
    hides(&sender.explain(), "a request", &[planted.into()]);
    let query = format!(
        "account_id={planted}&client_uuid={planted}&client_id=x{planted}&signature={planted}"
    );
    let explanation = explain_disconnect(&query, planted, planted).unwrap();
    hides(&explanation, "a query", &[planted.into()]);
    let explanation = explain_chat_hook(planted.as_bytes(), planted, planted).unwrap();
    hides(&explanation, "a hook", &[planted.into()]);
}

// Invariant I8.
#[test]
fn a_received_request_shows_lengths_only() {
    let headers = [("X-Signature", "PlantedMarker")];
    let request = ReceivedRequest::new("POST", "/PlantedMarker", &headers, b"PlantedMarker");
    let text = format!("{request:?}");
    assert!(!text.contains("Planted"), "{text}");
    assert!(text.contains("body_bytes: 13"), "{text}");
}
