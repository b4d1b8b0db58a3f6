//! Invariant I8: no secret and no right signature in `Debug`, in the journal, in the overview or in
//! errors.

use kommo_sandbox::{Platform, Sandbox, SandboxConfig};

use crate::naive_client::{Draft, NOW};

const MARKERS: [&str; 3] = [
    "marker-of-channel-secret",
    "marker-of-client-secret",
    "marker-of-app-secret",
];

fn marked() -> SandboxConfig {
    let [channel_secret, client_secret, app_secret] = MARKERS.map(|marker| Some(marker.to_owned()));
    SandboxConfig {
        channel_secret,
        client_secret,
        app_secret,
        now: Some(NOW),
        ..SandboxConfig::default()
    }
}

#[track_caller]
fn assert_clean(text: &str, platform: &Platform) {
    let token = platform.control_path().rsplit('/').next().unwrap();
    for marker in MARKERS.into_iter().chain([token]) {
        assert!(!text.contains(marker), "{marker} in {text}");
    }
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let sandbox = Sandbox::builder().config(marked()).start().await.unwrap();
    let texts = [
        format!("{:?}", marked()),
        format!("{:?}", Sandbox::builder().config(marked())),
        format!("{sandbox:?}"),
        format!("{:?}", sandbox.platform()),
        format!("{:?}", sandbox.state()),
    ];
    for text in texts {
        assert_clean(&text, &sandbox);
    }
}

#[tokio::test]
async fn a_secret_that_a_client_sends_by_mistake_is_masked_in_the_journal() {
    let platform = Platform::new(marked()).unwrap();
    for marker in MARKERS.into_iter().chain([platform.control_path()]) {
        let target = format!("{}?secret={marker}", Draft::connect().target);
        Draft::new("POST", &target)
            .sign_at(NOW)
            .header("date", marker)
            .header("user-agent", marker)
            .send(&platform)
            .await;
        Draft::new("GET", "/")
            .header("host", marker)
            .send(&platform)
            .await;
    }
    let right = Draft::connect().sign_at(NOW).sign_as_is(MARKERS[0]);
    assert_eq!(right.send(&platform).await.status, 200);
    let signature = right
        .headers
        .iter()
        .find(|(name, _)| name == "x-signature")
        .unwrap()
        .1
        .clone();
    let entries = platform.journal();
    assert!(entries.len() >= 5);
    let text = format!("{entries:?} {}", serde_json::to_string(&entries).unwrap());
    assert_clean(&text, &platform);
    assert!(!text.contains(&signature), "the signature stands in {text}");
}

#[tokio::test]
async fn the_overview_that_the_page_reads_holds_no_secret() {
    let platform = Platform::new(marked()).unwrap();
    for call in ["overview", "dashboard", "journal", "faults", "counters"] {
        let answer = Draft::new("GET", &format!("{}/{call}", platform.control_path()))
            .send(&platform)
            .await;
        assert_eq!(answer.status, 200, "{call}");
        assert_clean(&String::from_utf8(answer.body).unwrap(), &platform);
    }
}

// A secret of a few letters would be masked inside ordinary words.
#[tokio::test]
async fn a_secret_too_short_to_be_one_leaves_the_journal_readable() {
    let config = SandboxConfig {
        channel_secret: Some("e".into()),
        now: Some(NOW),
        ..SandboxConfig::default()
    };
    let platform = Platform::new(config).unwrap();
    Draft::connect().send(&platform).await;
    assert_eq!(platform.journal()[0].target, Draft::connect().target);
}

#[test]
fn an_error_does_not_repeat_what_was_wrong() {
    let config = SandboxConfig {
        channel_id: "marker-of-channel-secret".into(),
        ..SandboxConfig::default()
    };
    let error = Platform::new(config).unwrap_err();
    let text = format!(
        "{error} {error:?} {}",
        core::error::Error::source(&error).unwrap()
    );
    assert!(text.contains("channel_id is not a lower-case UUID"));
    assert!(!text.contains("marker"), "{text}");
}

#[test]
fn secrets_and_tokens_are_new_at_every_start() {
    let (one, two) = (
        Platform::new(SandboxConfig::default()).unwrap(),
        Platform::new(SandboxConfig::default()).unwrap(),
    );
    let (one_state, two_state) = (one.state(), two.state());
    assert_ne!(one_state.channel_secret, two_state.channel_secret);
    assert_ne!(one_state.client_secret, two_state.client_secret);
    assert_ne!(one_state.app_secret, two_state.app_secret);
    assert_ne!(one.control_path(), two.control_path());
    assert_eq!(one_state.channel_secret.len(), 40);
    assert_eq!(one.control_path().len(), "/_sandbox/".len() + 64);
    assert_eq!(one_state.channel_id, two_state.channel_id);
}
