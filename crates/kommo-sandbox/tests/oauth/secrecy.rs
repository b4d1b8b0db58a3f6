//! No code, token or secret is shown: not in the journal, not in `Debug`, not in figures.

use serde_json::Value;

use crate::plain_client::{
    ACCOUNT, HOST, JSON, SECRET, control, exchange_body, get, granted, platform, refresh,
    refresh_body, send, told,
};

#[tokio::test]
async fn nothing_secret_stands_in_the_journal_or_in_debug() {
    let platform = platform();
    let code = platform.issue_code(ACCOUNT, None).unwrap();
    let body = exchange_body(&code.code).to_string();
    send(
        &platform,
        "POST",
        HOST,
        "/oauth2/access_token",
        &[JSON],
        body,
    )
    .await;
    let pair = granted(&platform).await;
    refresh(&platform, &pair.refresh).await;
    let long = platform.long_lived_token(ACCOUNT, None, 1).unwrap();
    let made = platform
        .make_grants(kommo_sandbox::GrantOrder::new(1))
        .unwrap();
    let rotated = platform.rotate_secret(true).unwrap();
    // Mistakes of a client: secrets in the target and in odd headers.
    for secret in [
        &code.code,
        &pair.access,
        &pair.refresh,
        SECRET,
        &rotated,
        &long.access_token,
    ] {
        let target = format!("/api/v4/account?x={secret}&refresh_token={secret}&y=1");
        send(
            &platform,
            "GET",
            HOST,
            &target,
            &[("user-agent", secret)],
            "",
        )
        .await;
        send(
            &platform,
            "GET",
            HOST,
            "/api/v4/account",
            &[("authorization", secret), ("x-refresh-token", secret)],
            "",
        )
        .await;
        send(
            &platform,
            "GET",
            HOST,
            "/api/v4/account",
            &[("x-context-user-id", secret)],
            "",
        )
        .await;
    }
    get(&platform, &pair.access, "/api/v4/account").await;
    refresh(&platform, "def502deadbeef").await;
    assert_eq!(told(&platform), "client-rejected");

    let grants = control(&platform, "GET", "grants", &Value::Null).await.body;
    let overview = control(&platform, "GET", "overview", &Value::Null)
        .await
        .body;
    let shown = format!(
        "{:?} {} {:?} {:?} {:?} {:?} {} {} {:?}",
        platform,
        serde_json::to_string(&platform.journal()).unwrap(),
        platform.state(),
        code,
        long,
        made,
        String::from_utf8_lossy(&grants),
        String::from_utf8_lossy(&overview),
        platform.grants(0, 9),
    );
    let made = &made[0];
    for secret in [
        &code.code,
        &pair.access,
        &pair.refresh,
        SECRET,
        &rotated,
        &long.access_token,
        &made.access_token,
        &made.refresh_token,
    ] {
        let marker = &secret[secret.len() - 24..];
        assert!(!shown.contains(marker), "a secret is shown");
    }
    assert!(!shown.contains("def502") && !shown.contains("eyJ"));
    let _ = refresh_body("x");
}
