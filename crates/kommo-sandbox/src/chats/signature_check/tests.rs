//! Every vector of the family `chats-request`, whatever its route, against the sandbox's own
//! reading.

use kommo_test_vectors::{ChatsRequestCase, chats_requests};

use super::{SignatureRules, check_signature, right_signatures};
use crate::chats::refusal::Refusal;
use crate::secrets::channel_key::ChannelKey;
use crate::wire::received_request::ReceivedRequest;

const STRICT: SignatureRules = SignatureRules {
    future_limit_seconds: 900,
    admit_absent_headers: false,
    accept_body_only_scheme: false,
};

const ADMITTING: SignatureRules = SignatureRules {
    admit_absent_headers: true,
    ..STRICT
};

/// The cases whose body is known.
fn cases() -> Vec<ChatsRequestCase> {
    let cases: Vec<_> = chats_requests()
        .into_iter()
        .filter(|case| !case.has_flag("md5-given"))
        .collect();
    assert!(cases.len() > 20, "only {} vectors were found", cases.len());
    cases
}

fn judge(case: &ChatsRequestCase, rules: SignatureRules) -> Result<(), Refusal> {
    let names: Vec<_> = case
        .headers()
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    let headers: Vec<_> = names
        .iter()
        .zip(case.headers())
        .map(|(name, (_, value))| (name.as_str(), value.as_bytes()))
        .collect();
    let request = ReceivedRequest::new(&case.method, &case.target, &headers, &case.body);
    let key = ChannelKey::new(&case.secret).unwrap();
    check_signature(&request, &key, rules, u64::try_from(case.at).unwrap())
}

fn lacks_a_header(case: &ChatsRequestCase) -> bool {
    case.content_type.is_none() || case.content_md5.is_none() || case.date.is_none()
}

// Rules S1, S2, S4, S5, S6, S7, S9, D1, D2, D5.
#[test]
fn every_valid_vector_is_accepted() {
    for case in cases().iter().filter(|case| case.is_valid()) {
        let rules = if lacks_a_header(case) {
            ADMITTING
        } else {
            STRICT
        };
        assert_eq!(judge(case, rules), Ok(()), "{}", case.name);
    }
}

// Rules S1, S2, S4, S5, S6, S7, S10, D2, D3, D4.
#[test]
fn every_invalid_vector_is_refused() {
    for case in cases().iter().filter(|case| !case.is_valid()) {
        assert!(judge(case, STRICT).is_err(), "{} was accepted", case.name);
    }
}

// Rule S8.
#[test]
fn an_absent_header_is_refused_unless_the_switch_admits_it() {
    let cases = cases();
    let lacking: Vec<_> = cases.iter().filter(|case| lacks_a_header(case)).collect();
    assert!(lacking.iter().any(|case| case.is_valid()));
    for case in lacking {
        let refusal = judge(case, STRICT).unwrap_err();
        assert_eq!(refusal.code, "header-missing", "{}", case.name);
    }
}

// Rules S1, S10.
#[test]
fn what_is_masked_in_explanations_is_the_right_signature() {
    for case in cases() {
        let names: Vec<_> = case
            .headers()
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        let headers: Vec<_> = names
            .iter()
            .zip(case.headers())
            .map(|(name, (_, value))| (name.as_str(), value.as_bytes()))
            .collect();
        let request = ReceivedRequest::new(&case.method, &case.target, &headers, &case.body);
        let [right, _] = right_signatures(&request, &ChannelKey::new(&case.secret).unwrap());
        if case.content_md5.as_deref().unwrap_or_default() == case.body_md5 {
            assert_eq!(right, case.signature, "{}", case.name);
        }
    }
}
