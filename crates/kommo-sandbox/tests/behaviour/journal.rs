//! The journal, the counters and the explainer.

use kommo_sandbox::{
    Direction, Explainer, Explanation, JournalEntry, Platform, ReceivedRequest, Verdict,
};

use crate::naive_client::{Draft, NOW, SECRET, config, hmac_sha1, platform};

#[tokio::test]
async fn an_entry_tells_what_came_and_what_became_of_it() {
    let platform = platform();
    Draft::connect()
        .sign_at(NOW)
        .header("user-agent", "test/1")
        .send(&platform)
        .await;
    let entry = platform.journal().pop().unwrap();
    assert_eq!(
        (entry.id, entry.at, entry.direction),
        (1, NOW, Direction::In)
    );
    assert_eq!(
        (entry.method.as_str(), entry.target.clone()),
        ("POST", Draft::connect().target)
    );
    assert_eq!(
        (entry.status, entry.verdict, entry.rule.as_deref()),
        (Some(200), Verdict::Accepted, Some("C1"))
    );
    let detail = entry.detail.unwrap();
    assert_eq!(detail.body_bytes, Draft::connect().body.len());
    let header = |name: &str| {
        detail
            .headers
            .iter()
            .find(|(given, _)| given == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(header("date"), "Wed, 23 Nov 2022 19:25:21 +0000");
    assert_eq!(header("x-signature"), "(40 bytes)");
    assert_eq!(header("user-agent"), "test/1");
}

#[tokio::test]
async fn an_entry_survives_the_trip_through_json() {
    let platform = platform();
    Draft::connect().sign_at(NOW - 901).send(&platform).await;
    let entry = platform.journal().pop().unwrap();
    let text = serde_json::to_string(&entry).unwrap();
    assert!(
        text.contains(r#""direction":"in""#) && text.contains(r#""verdict":"refused""#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<JournalEntry>(&text).unwrap(), entry);
}

#[tokio::test]
async fn the_journal_keeps_the_latest_thousand_and_counts_on() {
    let platform = platform();
    let draft = Draft::new("GET", "/nothing");
    for _ in 0..1003 {
        draft.send(&platform).await;
    }
    let ids: Vec<_> = platform.journal().iter().map(|entry| entry.id).collect();
    assert_eq!(
        (ids.len(), ids.first(), ids.last()),
        (1000, Some(&4), Some(&1003))
    );
    assert_eq!(
        platform
            .journal_after(1001)
            .iter()
            .map(|entry| entry.id)
            .collect::<Vec<_>>(),
        [1002, 1003]
    );
    assert!(platform.journal_after(u64::MAX).is_empty());
    assert_eq!(platform.counters().requests, 1003);
}

#[tokio::test]
async fn counters_count_each_kind() {
    let platform = platform();
    Draft::connect().sign_at(NOW).send(&platform).await;
    Draft::connect().sign_at(NOW).send(&platform).await;
    Draft::disconnect().sign_at(NOW).send(&platform).await;
    Draft::connect().send(&platform).await;
    let counters = platform.counters();
    assert_eq!(
        (
            counters.requests,
            counters.accepted,
            counters.refused,
            counters.faults
        ),
        (4, 3, 1, 0)
    );
    assert_eq!((counters.connects, counters.disconnects), (2, 1));
}

#[tokio::test]
async fn a_long_target_is_cut_and_nothing_breaks() {
    let platform = platform();
    Draft::new("GET", &format!("/{}", "a".repeat(10_000)))
        .send(&platform)
        .await;
    let target = platform.journal().pop().unwrap().target;
    assert_eq!(target.len(), 2048 + "…".len());
}

/// Says all that it knows, the right signature included.
struct Indiscreet;

impl Explainer for Indiscreet {
    fn explain(
        &self,
        request: &ReceivedRequest<'_>,
        channel_secret: &str,
        now: u64,
    ) -> Vec<Explanation> {
        let value = |name| {
            request
                .headers()
                .iter()
                .find(|(given, _)| *given == name)
                .unwrap()
                .1
        };
        let lines = [
            request.method().as_bytes(),
            value("content-md5"),
            value("content-type"),
            value("date"),
            request.path().as_bytes(),
        ];
        vec![Explanation {
            code: format!("at-{now}"),
            message: format!("the secret is {channel_secret}"),
            remedy: format!("send {}", hmac_sha1(channel_secret, &lines.join(&b'\n'))),
        }]
    }
}

fn explained() -> Platform {
    Platform::with_explainer(config(), Some(Box::new(Indiscreet))).unwrap()
}

#[tokio::test]
async fn the_explainer_is_asked_about_refusals_and_its_secrets_are_masked() {
    let platform = explained();
    Draft::connect()
        .sign_at(NOW)
        .header("x-signature", "0".repeat(40))
        .send(&platform)
        .await;
    let detail = platform.journal().pop().unwrap().detail.unwrap();
    assert_eq!(
        detail.explanations,
        [Explanation {
            code: format!("at-{NOW}"),
            message: "the secret is (secret)".into(),
            remedy: "send (signature)".into(),
        }]
    );
}

#[tokio::test]
async fn the_explainer_is_not_asked_about_what_is_in_order_or_has_no_channel() {
    let platform = explained();
    Draft::connect().sign_at(NOW).send(&platform).await;
    Draft::new(
        "POST",
        "/v2/origin/custom/c0ffee00-0000-4000-8000-000000000002/connect",
    )
    .send(&platform)
    .await;
    Draft::new("GET", "/").send(&platform).await;
    assert!(
        platform.journal().iter().all(|entry| entry
            .detail
            .as_ref()
            .unwrap()
            .explanations
            .is_empty())
    );
    let foreign = Draft::connect()
        .sign_at(NOW)
        .sign_as_is(&SECRET.replace('0', "1"));
    foreign.send(&platform).await;
    assert_eq!(
        platform
            .journal()
            .pop()
            .unwrap()
            .detail
            .unwrap()
            .explanations
            .len(),
        1
    );
}
