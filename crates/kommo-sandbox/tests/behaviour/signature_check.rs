//! Who may do what: the headers, the date's limits, the signature, and the switches.

use kommo_sandbox::{Platform, SandboxConfig};

use crate::naive_client::{
    Answer, Draft, NOW, SECRET, assert_invalid_signature, config, hex, hmac_sha1, latest, platform,
};

/// Sends a connect that is right in everything but its age.
async fn connect_aged(age_seconds: i64) -> (Answer, Platform) {
    let platform = platform();
    let answer = Draft::connect()
        .sign_at(NOW.checked_add_signed(-age_seconds).unwrap())
        .send(&platform)
        .await;
    (answer, platform)
}

// Rule D3. The limit is the sandbox's: nobody knows the real service's edge.
#[tokio::test]
async fn a_date_899_seconds_old_is_accepted() {
    assert_eq!(connect_aged(899).await.0.status, 200);
}

// Rule D3.
#[tokio::test]
async fn a_date_900_seconds_old_is_accepted() {
    assert_eq!(connect_aged(900).await.0.status, 200);
}

// Rules D3, E1.
#[tokio::test]
async fn a_date_901_seconds_old_is_refused_as_stale() {
    let (answer, platform) = connect_aged(901).await;
    assert_invalid_signature(&answer);
    assert_eq!(latest(&platform), ("date-stale".into(), "D3".into()));
    let reason = platform.journal().pop().unwrap().detail.unwrap().reason;
    assert_eq!(
        reason,
        "the date is 901 s old by this server's clock, 1 s more than allowed"
    );
}

// Rule D4.
#[tokio::test]
async fn a_date_in_the_future_has_the_same_limit() {
    assert_eq!(connect_aged(-899).await.0.status, 200);
    assert_eq!(connect_aged(-900).await.0.status, 200);
    let (answer, platform) = connect_aged(-901).await;
    assert_invalid_signature(&answer);
    assert_eq!(latest(&platform), ("date-future".into(), "D4".into()));
}

// Rule D4.
#[tokio::test]
async fn the_future_limit_is_a_switch() {
    let platform = Platform::new(SandboxConfig {
        future_limit_seconds: 0,
        ..config()
    })
    .unwrap();
    assert_eq!(
        Draft::connect().sign_at(NOW).send(&platform).await.status,
        200
    );
    assert_invalid_signature(&Draft::connect().sign_at(NOW + 1).send(&platform).await);
}

// Rules D1, D2, D5.
#[tokio::test]
async fn any_readable_date_is_accepted_when_signed_as_sent() {
    // NOW is Wed, 23 Nov 2022 19:25:21 +0000.
    for (text, code) in [
        ("Wed, 23 Nov 2022 19:25:21 GMT", "connected"),
        ("Wed, 23 Nov 2022 22:25:21 +0300", "connected"),
        ("Wed, 23 Nov 2022 14:55:21 -0430", "connected"),
        ("Mon, 23 Nov 2022 19:25:21 +0000", "connected"),
        ("Day, 23 Nov 2022 19:25:21 +0000", "date-unreadable"),
        ("Wed, 23 Nov 2022 22:25:21 +03:00", "date-unreadable"),
        ("Wed, 23 Nov 2022 9:25:21 +0000", "date-unreadable"),
        ("1669231521", "date-unreadable"),
        ("Wed, 23 Nov 2022 19:25:21 +0300", "date-stale"),
        ("Thu, 01 Jan 1970 00:00:00 +0000", "date-stale"),
        ("Sat, 01 Jan 0000 00:00:00 +0000", "date-stale"),
        ("Fri, 31 Dec 9999 23:59:59 -2359", "date-future"),
    ] {
        let platform = platform();
        Draft::connect()
            .sign_at(NOW)
            .header("date", text)
            .sign_as_is(SECRET)
            .send(&platform)
            .await;
        assert_eq!(latest(&platform).0, code, "{text}");
    }
}

// Rule S8.
#[tokio::test]
async fn a_missing_or_empty_header_is_refused_and_named() {
    for name in ["date", "content-type", "content-md5", "x-signature"] {
        for draft in [
            Draft::connect()
                .sign_at(NOW)
                .without(name)
                .sign_as_is(SECRET),
            Draft::connect()
                .sign_at(NOW)
                .header(name, "")
                .sign_as_is(SECRET),
        ] {
            let draft = if name == "x-signature" {
                draft.header(name, "")
            } else {
                draft
            };
            let platform = platform();
            assert_invalid_signature(&draft.send(&platform).await);
            let detail = platform.journal().pop().unwrap().detail.unwrap();
            assert_eq!(detail.code, "header-missing");
            assert!(detail.reason.contains(name), "{}", detail.reason);
        }
    }
}

// Rule S8.
#[tokio::test]
async fn the_switch_admits_absent_headers_as_empty_lines() {
    let platform = Platform::new(SandboxConfig {
        admit_absent_headers: true,
        ..config()
    })
    .unwrap();
    for name in ["date", "content-type", "content-md5"] {
        let draft = Draft::connect().sign_at(NOW).without(name);
        // Signed before the header was taken away, the line is not empty, and the signature is
        // wrong.
        assert_invalid_signature(&draft.send(&platform).await);
        assert_eq!(
            draft.sign_as_is(SECRET).send(&platform).await.status,
            200,
            "{name}"
        );
    }
    let unsigned = Draft::connect().sign_at(NOW).without("x-signature");
    assert_invalid_signature(&unsigned.send(&platform).await);
}

// Rule S10.
#[tokio::test]
async fn the_older_scheme_is_accepted_only_behind_its_switch() {
    let draft = Draft::connect().header("content-type", "application/json");
    let older = draft
        .clone()
        .header("x-signature", hmac_sha1(SECRET, &draft.body));
    assert_invalid_signature(&older.send(&platform()).await);

    let switched = Platform::new(SandboxConfig {
        accept_body_only_scheme: true,
        ..config()
    })
    .unwrap();
    assert_eq!(older.send(&switched).await.status, 200);
    assert_invalid_signature(&older.clone().body("{}").send(&switched).await);
    // A request with all four headers is of the newer scheme.
    let signature = hmac_sha1(SECRET, &draft.body);
    assert_invalid_signature(
        &Draft::connect()
            .sign_at(NOW)
            .header("x-signature", signature)
            .send(&switched)
            .await,
    );
    assert_eq!(
        Draft::connect().sign_at(NOW).send(&switched).await.status,
        200
    );
}

// Rule S1.
#[tokio::test]
async fn a_header_that_stands_twice_is_refused() {
    for name in ["date", "content-type", "content-md5", "x-signature"] {
        let platform = platform();
        let mut draft = Draft::connect().sign_at(NOW);
        let again = draft
            .headers
            .iter()
            .find(|(given, _)| given == name)
            .cloned()
            .unwrap();
        draft.headers.push(again);
        assert_invalid_signature(&draft.send(&platform).await);
        assert_eq!(latest(&platform).0, "header-twice", "{name}");
    }
}

// Rules S4, S7.
#[tokio::test]
async fn digests_in_another_spelling_are_refused() {
    let right = Draft::connect().sign_at(NOW);
    let value = |name: &str| {
        right
            .headers
            .iter()
            .find(|(given, _)| given == name)
            .unwrap()
            .1
            .clone()
    };
    let (md5, signature) = (value("content-md5"), value("x-signature"));
    for (draft, code, rule) in [
        (
            right
                .clone()
                .header("content-md5", md5.to_uppercase())
                .sign_as_is(SECRET),
            "md5-malformed",
            "S4",
        ),
        (
            right
                .clone()
                .header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")
                .sign_as_is(SECRET),
            "md5-malformed",
            "S4",
        ),
        (
            right
                .clone()
                .header("content-md5", hex(&[0; 16]))
                .sign_as_is(SECRET),
            "md5-differs",
            "S4",
        ),
        (
            right
                .clone()
                .header("x-signature", signature.to_uppercase()),
            "signature-malformed",
            "S7",
        ),
        (
            right
                .clone()
                .header("x-signature", format!("sha1={signature}")),
            "signature-malformed",
            "S7",
        ),
        (
            right.clone().header("x-signature", &signature[..39]),
            "signature-malformed",
            "S7",
        ),
        (
            right.clone().header("x-signature", hex(&[0; 20])),
            "signature-differs",
            "S1",
        ),
    ] {
        let platform = platform();
        assert_invalid_signature(&draft.send(&platform).await);
        assert_eq!(latest(&platform), (code.into(), rule.into()));
    }
}

// Rules S2, S12.
#[tokio::test]
async fn another_secret_is_refused() {
    let platform = platform();
    let other = Draft::connect()
        .sign_at(NOW)
        .sign_as_is("0123456789abcdef0123456789abcdef01234568");
    assert_invalid_signature(&other.send(&platform).await);
    assert_eq!(latest(&platform), ("signature-differs".into(), "S1".into()));
}

// Rules S1, S6: each signed part that changes after signing makes the signature wrong.
#[tokio::test]
async fn whatever_is_signed_cannot_be_changed_afterwards() {
    let right = Draft::connect().sign_at(NOW);
    let other_date = crate::naive_client::date(NOW - 1);
    for draft in [
        right.clone().header("date", other_date),
        right.clone().header("content-type", "text/plain"),
    ] {
        assert_invalid_signature(&draft.send(&platform()).await);
    }
    let replayed = Draft {
        method: "DELETE".into(),
        target: Draft::disconnect().target,
        ..right
    };
    assert_invalid_signature(&replayed.send(&platform()).await);
}

// Rule S5.
#[tokio::test]
async fn a_proven_request_of_another_type_is_a_bad_request() {
    for content_type in [
        "text/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/x-www-form-urlencoded",
    ] {
        let platform = platform();
        let draft = Draft::connect()
            .sign_at(NOW)
            .header("content-type", content_type)
            .sign_as_is(SECRET);
        assert_eq!(draft.send(&platform).await.status, 400, "{content_type}");
        assert_eq!(
            latest(&platform),
            ("content-type-unsupported".into(), "S5".into())
        );
    }
}

// Rule E2: the channel is looked up before anything is proven, because it brings the secret.
#[tokio::test]
async fn an_unknown_channel_is_not_registered_even_without_a_signature() {
    let platform = platform();
    let other = Draft::new(
        "POST",
        "/v2/origin/custom/c0ffee00-0000-4000-8000-000000000002/connect",
    );
    let answer = other.send(&platform).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error_type"], "ORIGIN_NOT_REGISTERED");
    assert_eq!(answer.json()["error_description"], "NOT_FOUND");
    assert_eq!(latest(&platform), ("channel-unknown".into(), "E2".into()));
}
