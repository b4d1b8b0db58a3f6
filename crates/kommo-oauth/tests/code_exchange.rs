//! What follows for a code: each row of the token endpoint's errors, and each way of not getting an
//! answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::HoldKind;
use kommo_oauth::refresh::{
    AfterExchange, CODE_LIFETIME, EarlierTries, RefreshPolicy, SendOutcome,
};
use kommo_oauth::token::{TokenAnswer, TokenRefusalKind, read_token_answer};

/// What is expected of a code whose exchange was answered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Keep,
    Refused,
    Lost,
    /// Again, with the hold, whether it counts, and the pause in seconds.
    Again(Option<HoldKind>, bool, Option<u64>),
}

use Expected::{Again, Keep, Lost, Refused};

fn seen(after: &AfterExchange) -> Expected {
    match after {
        AfterExchange::Keep(_) => Keep,
        AfterExchange::Refused(_) => Refused,
        AfterExchange::Lost => Lost,
        AfterExchange::Again(again) => Again(
            again.hold,
            again.counts,
            again.pause.map(|pause| pause.as_secs()),
        ),
        other => panic!("{other:?}"),
    }
}

fn answered(status: u16, retry_after: Option<u64>, body: &str) -> SendOutcome {
    let now = UnixSeconds::new(1_800_000_000);
    let body = body.as_bytes();
    let json = Some("application/json");
    SendOutcome::Answered(read_token_answer(status, json, retry_after, body, now))
}

#[track_caller]
fn check(outcome: &SendOutcome, earlier: u32, expected: Expected) {
    let tries = EarlierTries::new(earlier, 0, false);
    let after = AfterExchange::of(outcome.clone(), tries, &RefreshPolicy::new());
    assert_eq!(seen(&after), expected, "{earlier} {outcome:?}");
}

const PAIR: &str = r#"{"token_type":"Bearer","expires_in":86400,"access_token":"eyJ0.a.b","refresh_token":"def502"}"#;

const CLIENT: Expected = Again(Some(HoldKind::ClientMisconfigured), false, Some(30));
const BLOCKED: Expected = Again(Some(HoldKind::Blocked), false, Some(1_200));
const SUSPECT: Expected = Again(Some(HoldKind::Suspect), true, None);

// Rules K3, K6, K8, K9, G10: the reference's table of errors, each row with what comes first and
// what comes after an exchange that counted.
#[test]
fn every_answer_has_its_consequence() {
    let hint = |hint: &str| format!(r#"{{"hint":"{hint}","title":"x"}}"#);
    let client_titles =
        r#"{"title":"Некорректный клиент","detail":"Авторизация клиента не прошла"}"#.to_owned();
    let html = "<html>403 Forbidden</html>".to_owned();
    let throttled = |seconds| Again(Some(HoldKind::Throttled), false, Some(seconds));
    let paid = Again(Some(HoldKind::PaymentRequired), false, Some(30));
    let moved = Again(Some(HoldKind::MovedHost), true, None);
    let doubt = |pause| Again(None, true, pause);
    let rows = [
        (200, None, PAIR.to_owned(), Keep, Keep),
        (
            400,
            None,
            hint("Cannot decrypt the authorization code"),
            Refused,
            Refused,
        ),
        (
            400,
            None,
            hint("Authorization code has expired"),
            Refused,
            Refused,
        ),
        (
            401,
            None,
            hint("Authorization code has expired"),
            Refused,
            Refused,
        ),
        (
            400,
            None,
            hint("Authorization code has been revoked"),
            Refused,
            Refused,
        ),
        (
            400,
            None,
            hint("Authorization code was not issued to this client"),
            Refused,
            Refused,
        ),
        (
            400,
            None,
            hint("Check the `code` parameter"),
            Refused,
            Refused,
        ),
        (400, None, hint("Invalid account"), Refused, Refused),
        (
            400,
            None,
            r#"{"error":"invalid_grant"}"#.to_owned(),
            Refused,
            Refused,
        ),
        (
            400,
            None,
            hint("Check the `client_id` parameter"),
            CLIENT,
            CLIENT,
        ),
        (
            400,
            None,
            hint("Check the `client_secret` parameter"),
            CLIENT,
            CLIENT,
        ),
        (401, None, client_titles, CLIENT, CLIENT),
        (401, None, "{}".to_owned(), CLIENT, CLIENT),
        (
            400,
            None,
            hint("Redirect URI is not associated with client"),
            CLIENT,
            CLIENT,
        ),
        (400, None, hint("Invalid redirect URI"), CLIENT, CLIENT),
        (
            400,
            None,
            hint("Check that all required parameters have been provided"),
            CLIENT,
            CLIENT,
        ),
        // Refusals of a refresh token, which was not sent.
        (401, None, hint("Token has been revoked"), SUSPECT, Refused),
        (401, None, hint("Token has expired"), SUSPECT, Refused),
        (
            401,
            None,
            hint("Cannot decrypt the refresh token"),
            SUSPECT,
            Refused,
        ),
        (
            401,
            None,
            hint("Token is not linked to client"),
            SUSPECT,
            Refused,
        ),
        (
            400,
            None,
            hint("Check the `refresh_token` parameter"),
            SUSPECT,
            Refused,
        ),
        // An unknown reason: reported at once, and tried once more.
        (400, None, hint("Something new"), SUSPECT, Refused),
        (400, None, "{}".to_owned(), SUSPECT, Refused),
        (302, None, String::new(), SUSPECT, Refused),
        (418, None, "{}".to_owned(), SUSPECT, Refused),
        (404, None, "<html>".to_owned(), moved, Refused),
        (402, None, "{}".to_owned(), paid, paid),
        (403, None, html, BLOCKED, BLOCKED),
        (403, None, "{}".to_owned(), BLOCKED, BLOCKED),
        (429, None, "<html>".to_owned(), throttled(60), throttled(60)),
        (
            429,
            Some(180),
            "<html>".to_owned(),
            throttled(180),
            throttled(180),
        ),
        (
            429,
            None,
            r#"{"retry_after":250}"#.to_owned(),
            throttled(250),
            throttled(250),
        ),
        (
            429,
            Some(9_999),
            "{}".to_owned(),
            throttled(300),
            throttled(300),
        ),
        // What leaves in doubt whether the code was spent.
        (200, None, "{}".to_owned(), doubt(None), Lost),
        (200, None, "<html>".to_owned(), doubt(None), Lost),
        (206, None, PAIR.to_owned(), doubt(None), Lost),
        (408, None, String::new(), doubt(None), Lost),
        (500, None, "{}".to_owned(), doubt(None), Lost),
        (502, None, "<html>".to_owned(), doubt(None), Lost),
        (503, None, "<html>".to_owned(), doubt(None), Lost),
        (503, Some(180), "<html>".to_owned(), doubt(Some(180)), Lost),
        (
            503,
            Some(9_999),
            "<html>".to_owned(),
            doubt(Some(300)),
            Lost,
        ),
        (504, None, "<html>".to_owned(), doubt(None), Lost),
    ];
    for (status, retry_after, body, first, later) in rows {
        let outcome = answered(status, retry_after, &body);
        check(&outcome, 0, first);
        check(&outcome, 1, later);
        check(&outcome, u32::MAX, later);
    }
}

// Rules K3, L6, G10.
#[test]
fn without_an_answer_a_code_that_may_have_been_seen_is_sent_once_more() {
    check(&SendOutcome::Lost, 0, Again(None, true, None));
    check(&SendOutcome::Lost, 1, Lost);
    for earlier in [0, 1] {
        check(&SendOutcome::NotSent, earlier, Again(None, false, None));
        for (left, pause) in [(400, 400), (4_000, 1_200)] {
            let left = Duration::from_secs(left);
            let blocked = Again(Some(HoldKind::Blocked), false, Some(pause));
            check(&SendOutcome::Withheld { left }, earlier, blocked);
        }
    }
}

#[test]
fn a_refusal_says_what_it_was_read_from_and_shows_no_text_of_the_peer() {
    let outcome = answered(
        400,
        None,
        r#"{"hint":"marker-hint","detail":"marker-detail"}"#,
    );
    for earlier in [0, 1] {
        let tries = EarlierTries::new(earlier, earlier, false);
        let after = AfterExchange::of(outcome.clone(), tries, &RefreshPolicy::new());
        let refusal = match &after {
            AfterExchange::Again(again) => again.refusal.unwrap(),
            AfterExchange::Refused(refusal) => *refusal,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (refusal.kind, refusal.status),
            (TokenRefusalKind::Unknown, 400)
        );
        assert!(!format!("{after:?}").contains("marker"));
    }
    let SendOutcome::Answered(TokenAnswer::Granted(pair)) = answered(200, None, PAIR) else {
        panic!("no pair");
    };
    let kept = AfterExchange::of(
        answered(200, None, PAIR),
        EarlierTries::default(),
        &RefreshPolicy::new(),
    );
    assert_eq!(kept, AfterExchange::Keep(pair));
    assert!(!format!("{kept:?}").contains("def502"));
}

/// A pause of hours says nothing about a code that ends before.
#[test]
fn no_pause_of_a_code_is_longer_than_its_life() {
    for all in 0..9 {
        for (status, retry_after) in [(403, None), (402, None), (429, Some(86_400))] {
            let outcome = answered(status, retry_after, "<html>");
            let tries = EarlierTries::new(0, all, false);
            let after = AfterExchange::of(outcome, tries, &RefreshPolicy::new());
            if let AfterExchange::Again(again) = after {
                assert!(again.pause.unwrap() <= CODE_LIFETIME, "{status} {all}");
            }
        }
    }
}

// Rule K9: a code with the same refusal again and again is not tried until its end.
#[test]
fn tries_of_every_kind_are_bounded_and_their_pauses_double() {
    for (is_strangers, tries) in [(false, 6), (true, 3)] {
        for (status, body) in [(402, "{}"), (401, "{}"), (429, r#"{"retry_after":0}"#)] {
            let mut pauses = Vec::new();
            for all in 0.. {
                let earlier = EarlierTries::new(0, all, is_strangers);
                let outcome = answered(status, None, body);
                match AfterExchange::of(outcome, earlier, &RefreshPolicy::new()) {
                    AfterExchange::Again(again) => pauses.push(again.pause.unwrap()),
                    AfterExchange::Refused(_) => break,
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(pauses.len() + 1, tries, "{status}");
            assert!(
                pauses
                    .windows(2)
                    .all(|two| two[1] == two[0] * 2 || two[0] < Duration::from_secs(30))
            );
            assert!(pauses.iter().sum::<Duration>() < CODE_LIFETIME);
        }
    }
}
