//! One entry of the journal with its request and its answer, and the string to sign beside the
//! expected one.

use base64ct::{Base64, Encoding};
use kommo_sandbox::{GrantOrder, JournalRecord, Platform, SecretView, Surface};
use serde_json::Value;

use crate::naive_client::{Answer, CHANNEL, Draft, NOW, SECRET, config, hex, platform};

async fn record(platform: &Platform, call: &str) -> Answer {
    let path = format!("{}/journal/{call}", platform.control_path());
    Draft::new("GET", &path).send(platform).await
}

/// The lines that differ, by their names.
fn differing(record: &Value) -> Vec<&str> {
    let lines = record["string_to_sign"].as_array().unwrap().iter();
    lines
        .filter(|line| line["differs"] == true)
        .map(|line| line["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_record_has_all_that_came_and_all_that_was_answered() {
    let platform = platform();
    let draft = Draft::connect().sign_at(NOW).header("x-trace", "7");
    let answer = draft.send(&platform).await;
    let shown = record(&platform, "1?secrets=shown").await;
    assert_eq!(shown.status, 200);
    let shown: JournalRecord = serde_json::from_slice(&shown.body).unwrap();
    assert_eq!(
        shown,
        platform.journal_record(1, SecretView::Shown).unwrap()
    );
    assert_eq!(shown.entry, platform.journal()[0]);
    assert_eq!(shown.entry.surface, Some(Surface::Chats));
    assert_eq!(shown.judged_at, NOW);

    let request = shown.request.unwrap();
    assert_eq!(
        (request.method.as_str(), &request.target),
        ("POST", &draft.target)
    );
    assert_eq!(request.headers, draft.headers);
    let body = Base64::decode_vec(&request.body.base64.unwrap()).unwrap();
    assert_eq!(body, draft.body);
    assert_eq!(request.body.bytes, draft.body.len() as u64);

    let response = shown.response.unwrap();
    let body = Base64::decode_vec(&response.body.base64.unwrap()).unwrap();
    assert_eq!(body, answer.body);
    let date = response.headers.iter().find(|(name, _)| name == "date");
    assert_eq!(date.unwrap().1, answer.header("date"));
    assert!(shown.string_to_sign.iter().all(|line| !line.differs));
}

// Rules S1, S4, S5, D3.
#[tokio::test]
async fn the_line_that_differs_is_marked_beside_the_expected_one() {
    let platform = platform();
    let right = || Draft::connect().sign_at(NOW);
    let requests = [
        (right().header("content-md5", hex(&[0; 16])), "content-md5"),
        (right().without("content-type"), "content-type"),
        (
            right().header("content-type", "application/json; charset=utf-8"),
            "content-type",
        ),
        (Draft::connect().sign_at(NOW - 901), "date"),
    ];
    for (number, (draft, line)) in requests.into_iter().enumerate() {
        assert_ne!(draft.send(&platform).await.status, 200);
        let record = record(&platform, &(number + 1).to_string()).await.json();
        assert_eq!(differing(&record), [line]);
        let lines = record["string_to_sign"].as_array().unwrap();
        let names: Vec<_> = lines.iter().map(|line| &line["name"]).collect();
        assert_eq!(
            names,
            ["method", "content-md5", "content-type", "date", "path"]
        );
        // What is expected makes a right request, when it is sent.
        let mut right = Draft::connect();
        for line in &lines[1..4] {
            right = right.header(
                line["name"].as_str().unwrap(),
                line["expected"].as_str().unwrap(),
            );
        }
        let other = Platform::new(config()).unwrap();
        let answer = right.sign_as_is(SECRET).send(&other).await;
        assert_eq!(answer.status, 200);
    }
    let twice = Draft::connect().sign_at(NOW);
    let mut twice = twice;
    twice.headers.push(("date".into(), "again".into()));
    twice.send(&platform).await;
    assert_eq!(differing(&record(&platform, "5").await.json()), ["date"]);
    // Another surface has no such lines.
    Draft::new("GET", "/api/v4/account").send(&platform).await;
    assert_eq!(
        record(&platform, "6").await.json()["string_to_sign"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn secrets_tokens_and_signatures_are_masked_unless_they_are_asked_for() {
    let platform = platform();
    let granted = platform.make_grants(GrantOrder::new(1)).unwrap().remove(0);
    let state = platform.state();
    let host = &state.accounts[0].host;
    let refresh = serde_json::json!({
        "client_id": state.client_id,
        "client_secret": "marker-of-a-real-secret",
        "grant_type": "refresh_token",
        "refresh_token": "marker-of-a-strange-token",
        "redirect_uri": state.redirect_uri,
    });
    let right = |secret: &str| {
        let mut body = refresh.clone();
        body["client_secret"] = secret.into();
        body["refresh_token"] = granted.refresh_token.as_str().into();
        body.to_string()
    };
    let post = |body: String, content_type: &str| {
        Draft::new("POST", "/oauth2/access_token")
            .header("host", host)
            .header("content-type", content_type)
            .header("cookie", "session=marker-of-a-cookie")
            .body(body)
    };
    let form = "client_secret=marker-of-a-form-secret&refresh_token=marker-of-a-form-token";
    post(refresh.to_string(), "application/json")
        .send(&platform)
        .await;
    post(form.into(), "application/x-www-form-urlencoded")
        .send(&platform)
        .await;
    let answer = post(right(&state.client_secret), "application/json")
        .send(&platform)
        .await;
    let pair = answer.json();
    let signed = Draft::connect().sign_at(NOW);
    signed.send(&platform).await;
    Draft::new("GET", "/api/v4/account")
        .header("authorization", format!("Bearer {}", granted.access_token))
        .send(&platform)
        .await;
    let signature = signed.headers.last().unwrap().1.clone();
    let markers = [
        "marker-of",
        &state.client_secret,
        &granted.refresh_token,
        &granted.access_token,
        pair["access_token"].as_str().unwrap(),
        pair["refresh_token"].as_str().unwrap(),
        &signature,
    ];
    let mut shown_markers = 0;
    for number in 1..=5 {
        let masked = record(&platform, &number.to_string()).await;
        let masked = String::from_utf8(masked.body).unwrap();
        let shown = record(&platform, &format!("{number}?secrets=shown")).await;
        let shown = String::from_utf8(shown.body).unwrap();
        for marker in markers {
            assert!(!masked.contains(marker), "{marker} in {masked}");
            shown_markers += usize::from(shown.contains(marker));
        }
        // Base64 would show them as well.
        let masked: JournalRecord = serde_json::from_str(&masked).unwrap();
        let request = masked.request.unwrap();
        let encoded = [
            Some(request.body),
            masked.response.map(|answer| answer.body),
        ];
        for body in encoded.into_iter().flatten().filter_map(|body| body.base64) {
            let body = Base64::decode_vec(&body).unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(
                markers.iter().all(|marker| !body.contains(marker)),
                "{body}"
            );
        }
    }
    assert!(shown_markers >= markers.len(), "{shown_markers} were shown");
}

#[tokio::test]
async fn a_body_that_is_no_text_is_kept_as_bytes() {
    let platform = platform();
    let bytes = [0xff, 0xfe, 0x00, 0x80];
    let path = format!("/v2/origin/custom/{CHANNEL}/connect");
    Draft::new("POST", &path).body(bytes).send(&platform).await;
    let body = platform.journal_record(1, SecretView::Masked).unwrap();
    let body = body.request.unwrap().body;
    assert_eq!(body.text, None);
    assert_eq!(Base64::decode_vec(&body.base64.unwrap()).unwrap(), bytes);
}

#[tokio::test]
async fn old_requests_give_way_to_new_ones_and_their_entries_stay() {
    let platform = platform();
    let draft = Draft::new("POST", "/nothing").body(vec![b'a'; 1024 * 1024]);
    for _ in 0..34 {
        draft.send(&platform).await;
    }
    let kept = |id| platform.journal_record(id, SecretView::Masked).unwrap();
    assert!(kept(1).request.is_none());
    assert!(kept(34).request.is_some());
    assert_eq!(platform.journal().len(), 34);
}

#[tokio::test]
async fn a_number_that_is_not_there_is_404_and_another_query_400() {
    let platform = platform();
    Draft::new("GET", "/").send(&platform).await;
    for number in ["0", "2", "x", "1/2", "18446744073709551616"] {
        assert_eq!(record(&platform, number).await.status, 404, "{number}");
    }
    assert_eq!(record(&platform, "1?secrets=all").await.status, 400);
    let path = format!("{}/journal/1", platform.control_path());
    assert_eq!(Draft::new("POST", &path).send(&platform).await.status, 405);
    let list = Draft::new("GET", &format!("{}/journal", platform.control_path()));
    assert_eq!(list.send(&platform).await.json()["latest"], 1);
}
