//! Every vector of the families that this crate explains.

use kommo_explain::{
    Explanation, ReceivedRequest, SecretError, explain_chat_hook, explain_chats_request,
    explain_disconnect, explain_open_api,
};
use kommo_test_vectors::{
    ChatsRequestCase, chat_hooks, chats_requests, disconnects, open_api_bodies,
};

use crate::judged::codes;

pub(crate) fn explain_case(case: &ChatsRequestCase) -> Explanation {
    let headers = case.headers();
    let request = ReceivedRequest::new(&case.method, &case.target, &headers, &case.body);
    let at = u64::try_from(case.at).expect("vectors are judged after 1970");
    explain_chats_request(&request, &case.secret, Some(at)).expect("vectors have a secret")
}

/// Valid: accepted. Invalid: refused, with the vector's code, where it has one.
fn disagreement(
    family: &str,
    name: &str,
    is_valid: bool,
    finding: Option<&str>,
    explanation: &Explanation,
) -> Option<String> {
    let found = codes(explanation);
    let agrees = if is_valid {
        explanation.accepted()
    } else {
        !explanation.accepted()
            && !found.is_empty()
            && finding.is_none_or(|code| found.contains(&code))
    };
    (!agrees).then(|| format!("{family}/{name}: expected {finding:?}, found {found:?}"))
}

#[track_caller]
fn no_disagreement(lines: Vec<String>) {
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

// Rules S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, D1, D2, D3, D4, D5, D6.
#[test]
fn chats_requests_are_explained_as_the_vectors_say() {
    let cases = chats_requests();
    assert!(cases.len() > 50);
    // Of these the MD5 alone is known, so the body that is here is not theirs.
    let with_body = cases.iter().filter(|case| !case.has_flag("md5-given"));
    let lines = with_body.filter_map(|case| {
        let explanation = explain_case(case);
        let finding = case.finding.as_deref();
        disagreement(
            "chats-request",
            &case.name,
            case.is_valid(),
            finding,
            &explanation,
        )
    });
    no_disagreement(lines.collect());
}

#[test]
fn a_vector_whose_body_is_not_known_lacks_only_its_body() {
    let cases = chats_requests();
    let without_body: Vec<_> = cases.iter().filter(|c| c.has_flag("md5-given")).collect();
    assert!(!without_body.is_empty());
    for case in without_body {
        assert_eq!(
            codes(&explain_case(case)),
            ["body-differs"],
            "{}",
            case.name
        );
    }
}

// Rules H1, H2, H3.
#[test]
fn chat_hooks_are_explained_as_the_vectors_say() {
    let lines = chat_hooks().into_iter().filter_map(|case| {
        let explanation = explain_chat_hook(&case.body, &case.signature, &case.secret).unwrap();
        let finding = case.finding.as_deref();
        disagreement(
            "chat-hook",
            &case.name,
            case.is_valid(),
            finding,
            &explanation,
        )
    });
    no_disagreement(lines.collect());
}

// Rules O1, O2, O3, O4, O5.
#[test]
fn open_api_bodies_are_explained_as_the_vectors_say() {
    let lines = open_api_bodies().into_iter().filter_map(|case| {
        let explained = explain_open_api(&case.body, &case.signature, &case.secret);
        let explanation = match explained {
            Ok(explanation) => explanation,
            Err(error) => {
                assert_eq!((case.secret.as_str(), error), ("", SecretError::Empty));
                return None;
            }
        };
        let finding = case.finding.as_deref();
        disagreement(
            "open-api",
            &case.name,
            case.is_valid(),
            finding,
            &explanation,
        )
    });
    no_disagreement(lines.collect());
}

// Rules X1, X2, X3, X4, X5, X6.
#[test]
fn disconnect_hooks_are_explained_as_the_vectors_say() {
    let lines = disconnects().into_iter().filter_map(|case| {
        let explain = |secret| explain_disconnect(&case.query, &case.client_id, secret).unwrap();
        let explanations: Vec<_> = case.secrets.iter().map(|secret| explain(secret)).collect();
        let accepted = explanations
            .iter()
            .find(|explanation| explanation.accepted());
        let explanation = accepted.or(explanations.first())?;
        let finding = case.finding.as_deref();
        disagreement(
            "disconnect",
            &case.name,
            case.is_valid(),
            finding,
            explanation,
        )
    });
    no_disagreement(lines.collect());
}

/// What stands in the vectors without a code of their own: the answers that this crate gives.
#[test]
fn vectors_without_a_code_get_one_that_tells_the_truth() {
    let request = |name: &str| codes(&explain_case(&kommo_test_vectors::chats_request(name)));
    assert_eq!(request("body-changed"), ["body-differs"]);
    assert_eq!(request("method-changed"), ["method-differs"]);
    assert_eq!(request("signature-truncated"), ["signature-truncated"]);
    let hook = |name: &str| {
        let case = kommo_test_vectors::chat_hook(name);
        codes(&explain_chat_hook(&case.body, &case.signature, &case.secret).unwrap())
    };
    let trailing = hook("carriage-return-unsigned");
    assert_eq!(trailing, ["body-trailing-whitespace"]);
    assert_eq!(hook("empty-signature"), ["signature-malformed"]);
    assert_eq!(hook("not-hex"), ["signature-malformed"]);
    assert_eq!(hook("too-long"), ["signature-malformed"]);
    assert_eq!(hook("truncated"), ["signature-truncated"]);
    assert_eq!(hook("prefixed"), ["signature-prefixed"]);
    let body = |name: &str| {
        let case = kommo_test_vectors::open_api_body(name);
        codes(&explain_open_api(&case.body, &case.signature, &case.secret).unwrap())
    };
    assert_eq!(body("signature-spaces-around"), ["signature-whitespace"]);
    assert_eq!(body("signature-prefixed"), ["signature-prefixed"]);
    let placeholder = body("signature-placeholder-of-33-digits");
    assert_eq!(placeholder, ["signature-malformed"]);
    let query = |name: &str| {
        let case = kommo_test_vectors::disconnect(name);
        codes(&explain_disconnect(&case.query, &case.client_id, &case.secret).unwrap())
    };
    for (name, code) in [
        ("account-id-twice-alike", "parameter-repeated"),
        ("client-uuid-twice-alike", "parameter-repeated"),
        ("signature-twice-alike", "parameter-repeated"),
        ("decimal-account", "account-id-malformed"),
        ("empty-account", "account-id-malformed"),
        ("negative-account", "account-id-malformed"),
        ("twenty-one-digits-account", "account-id-malformed"),
        ("twenty-one-digits-with-zeros", "account-id-malformed"),
        ("zero-account", "account-id-malformed"),
        ("empty-client", "client-differs"),
        ("other-client", "client-differs"),
        ("other-client-named", "client-differs"),
        ("leading-zero-signed", "account-id-leading-zero"),
        ("missing-account", "parameter-missing"),
        ("missing-client", "parameter-missing"),
        ("missing-signature", "parameter-missing"),
        ("truncated", "signature-truncated"),
        ("upper-case-client-signed", "client-case"),
    ] {
        assert_eq!(query(name), [code], "{name}");
    }
    assert_eq!(
        query("both-client-ids-disagree-client-uuid-is-ours"),
        ["client-ids-disagree"]
    );
    assert_eq!(
        query("space-account"),
        ["parameter-escaped", "account-id-malformed"]
    );
    assert_eq!(query("base64"), ["signature-base64", "parameter-escaped"]);
}
