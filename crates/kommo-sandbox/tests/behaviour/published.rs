//! Published signatures, straight from the vendor's pages, and their near misses.

use kommo_sandbox::{Account, Platform, SandboxConfig};
use kommo_test_vectors::{ChatsRequestCase, chats_request, chats_requests};
use serde_json::Value;

use crate::naive_client::{Answer, Draft, hmac_sha1};

/// The platform that the case's request was meant for.
fn platform_of(case: &ChatsRequestCase) -> Platform {
    let channel_id = case.path.split('/').nth(4).unwrap();
    let body: Value = serde_json::from_slice(&case.body).unwrap_or_default();
    let account_id = body["account_id"]
        .as_str()
        .unwrap_or("acc00000-0000-4000-8000-000000000001");
    Platform::new(SandboxConfig {
        channel_id: channel_id.into(),
        channel_secret: Some(case.secret.clone()),
        accounts: vec![Account::new(1, "sandbox-one.amocrm.ru", account_id)],
        now: Some(u64::try_from(case.at).unwrap()),
        ..SandboxConfig::default()
    })
    .unwrap()
}

async fn send(case: &ChatsRequestCase, platform: &Platform) -> Answer {
    let mut draft = Draft::new(&case.method, &case.target)
        .body(case.body.clone())
        .without("host");
    for (name, value) in case.headers() {
        draft = draft.header(&name.to_ascii_lowercase(), value);
    }
    draft.send(platform).await
}

// Rules S1, S2, C1, C2, N1, N2: published vector A1.
#[tokio::test]
async fn the_published_connect_is_accepted() {
    let case = chats_request("connect-published");
    assert_eq!(
        case.received_signature.as_deref(),
        Some("81211856ce0c5095f3e1a90c0a38dc9d736cfd55")
    );
    let answer = send(&case, &platform_of(&case)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "account_id": "52e591f7-c98f-4255-8495-827210138c81",
            "scope_id": "344a5002-f8ca-454d-af3d-396180102ac7_52e591f7-c98f-4255-8495-827210138c81",
            "title": "ChatsIntegration",
            "hook_api_version": "v2",
            "is_time_window_disabled": false,
        })
    );
}

// Rules S1, C3, C4: published vector A4.
#[tokio::test]
async fn the_published_disconnect_is_accepted() {
    let signature = "e1678e3b6aa674b5127f4feb448e6200ce0bfc72";
    let cases = chats_requests();
    let case = cases
        .iter()
        .find(|case| case.received_signature.as_deref() == Some(signature))
        .unwrap();
    let answer = send(case, &platform_of(case)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_slice()),
        (200, b"".as_slice())
    );
}

/// A1 again, with the signatures of the reference's near misses put in by hand.
async fn first_vector(change: impl FnOnce(Draft) -> Draft) -> (u16, String) {
    let case = chats_request("connect-published");
    let platform = platform_of(&case);
    let mut draft = Draft::new(&case.method, &case.target).body(case.body.clone());
    for (name, value) in case.headers() {
        draft = draft.header(&name.to_ascii_lowercase(), value);
    }
    let answer = change(draft).send(&platform).await;
    (
        answer.status.as_u16(),
        platform.journal().pop().unwrap().detail.unwrap().code,
    )
}

// Rule D2: near miss F1 is right for its own date text, and wrong for the other.
#[tokio::test]
async fn a_gmt_date_is_accepted_when_signed_as_sent() {
    let signature = "c111d61e425b271b414508a0f2c7ae713b8ffce0";
    let gmt = first_vector(|draft| {
        draft
            .header("date", "Wed, 15 Dec 2021 23:12:55 GMT")
            .header("x-signature", signature)
    });
    assert_eq!(gmt.await, (200, "connected".into()));
    let other_text = first_vector(|draft| draft.header("x-signature", signature));
    assert_eq!(other_text.await, (403, "signature-differs".into()));
}

// Rules S1, S2, S5, S10: near misses F2 to F6 and F9, each over the headers of A1.
#[tokio::test]
async fn near_misses_of_the_published_connect_are_refused() {
    for signature in [
        "f68acc3906131f4c0ea1902c5f96f7724b60aa7c",
        "228f0b7888adbf819d73dc5bbe919e36374c475e",
        "63d6b31b62aa117bf984aea563f23e1411ed3ac6",
        "3a5f24c4e107291bfc5102b55e7c753b5a8a375f",
        "f6d5d88b1a12f1635199e3dd3d9e7bba75bf04e0",
        "2b65b363897f5d8756323b23219a8fe8d9569170",
        "3138183b5cfe2458fd3dd50299218b4d86f0c0cd",
        "3fa5856b066091e4112361eb781a044085cebba5",
    ] {
        let outcome = first_vector(|draft| draft.header("x-signature", signature)).await;
        assert_eq!(outcome, (403, "signature-differs".into()), "{signature}");
    }
}

// Rule S5: near miss F7 is signed as sent, so the signature is right and the type is what is wrong.
#[tokio::test]
async fn a_content_type_with_a_charset_is_refused_for_its_type() {
    let outcome = first_vector(|draft| {
        draft
            .header("content-type", "application/json; charset=utf-8")
            .header("x-signature", "2b65b363897f5d8756323b23219a8fe8d9569170")
    });
    assert_eq!(outcome.await, (400, "content-type-unsupported".into()));
}

// Rule S4: near miss F8 is the right signature of another body.
#[tokio::test]
async fn a_body_that_grew_a_line_feed_is_refused_for_its_md5() {
    let grown = first_vector(|mut draft| {
        draft.body.push(b'\n');
        draft
    });
    assert_eq!(grown.await, (403, "md5-differs".into()));
    let signed_with_it = first_vector(|mut draft| {
        draft.body.push(b'\n');
        draft
            .header("content-md5", "f612ef639d754a656ba6335555faba14")
            .header("x-signature", "3138183b5cfe2458fd3dd50299218b4d86f0c0cd")
    });
    assert_eq!(signed_with_it.await, (200, "connected".into()));
}

// Rule S6: near misses F10 to F12 belong to a GET that this floor has no route for; the same
// mistake on connect.
#[tokio::test]
async fn a_signed_query_is_refused_and_an_unsigned_one_is_not() {
    let case = chats_request("connect-published");
    let with_query = format!("{}?limit=50&offset=0", case.target);
    let lines = case.string_to_sign.replace(&case.path, &with_query);
    assert!(lines.ends_with("?limit=50&offset=0"));
    let signature = hmac_sha1(&case.secret, lines.as_bytes());
    let target = with_query.clone();
    let signed = first_vector(|draft| Draft { target, ..draft }.header("x-signature", signature));
    assert_eq!(signed.await, (403, "signature-differs".into()));
    let unsigned = first_vector(|draft| Draft {
        target: with_query,
        ..draft
    });
    assert_eq!(unsigned.await, (200, "connected".into()));
}

// Rules S1, S2, S4, S5, S6, S7, D2, D3, D4.
#[tokio::test]
async fn every_connect_and_disconnect_vector_gets_its_verdict_over_http() {
    let (mut valid, mut invalid) = (0, 0);
    for case in chats_requests() {
        let routed = case.path.ends_with("/connect") || case.path.ends_with("/disconnect");
        let sendable = !case.has_flag("md5-given")
            && case
                .headers()
                .iter()
                .all(|(_, value)| !value.contains('\n'));
        if !routed
            || !sendable
            || (case.is_valid() && case.flags.iter().any(|flag| flag.starts_with("absent-")))
        {
            continue;
        }
        let answer = send(&case, &platform_of(&case)).await;
        assert_eq!(
            answer.status == 200,
            case.is_valid(),
            "{}: {}",
            case.name,
            answer.status
        );
        if case.is_valid() {
            valid += 1
        } else {
            invalid += 1
        }
    }
    assert!(
        valid >= 2 && invalid >= 8,
        "only {valid} valid and {invalid} invalid vectors were tried"
    );
}
