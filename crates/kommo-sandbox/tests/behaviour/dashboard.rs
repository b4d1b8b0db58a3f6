//! The page that shows the sandbox live.

use crate::naive_client::{ACCOUNT, Answer, Draft, NOW, platform};

async fn page() -> (Answer, String) {
    let platform = platform();
    let answer = Draft::new("GET", &format!("{}/dashboard", platform.control_path()))
        .send(&platform)
        .await;
    let text = String::from_utf8(answer.body.clone()).unwrap();
    (answer, text)
}

/// The text between the script's tags.
fn script(page: &str) -> &str {
    let start = page.find("<script nonce=").unwrap();
    let end = page.rfind("</script>").unwrap();
    &page[start..end]
}

#[tokio::test]
async fn the_page_is_one_answer_that_runs_nothing_but_its_own_script() {
    let (answer, page) = page().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'nonce-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert_eq!(nonce.len(), 32);
    assert_eq!(page.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
    assert_eq!(page.matches("<script").count(), 1);
    for outside in [
        "http://",
        "https://",
        "src=",
        "href=",
        "url(",
        "@import",
        "{{nonce}}",
    ] {
        assert!(!page.contains(outside), "the page holds {outside}");
    }
}

#[tokio::test]
async fn the_nonce_is_new_for_every_page() {
    assert_ne!(
        page().await.0.header("content-security-policy"),
        page().await.0.header("content-security-policy")
    );
}

#[tokio::test]
async fn strangers_text_goes_into_the_page_as_text_only() {
    let (_, page) = page().await;
    let script = script(&page);
    assert!(script.contains(".textContent = "));
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
        "createContextualFragment",
        "setAttribute",
        ".href",
        ".src",
        "srcdoc",
        "onclick",
    ] {
        assert!(!script.contains(sink), "the page's script uses {sink}");
    }
}

// A bare `<` in a target is no HTTP and never gets past the parser; escaped it does, and in other places it is allowed.
#[tokio::test]
async fn a_script_in_what_a_stranger_sends_stays_data() {
    let platform = platform();
    let script = "<script>alert(1)</script>";
    let target = "/%3Cscript%3E\"alert(1)\"%3C/script%3E?'onload=alert(1)";
    Draft::new("GET", target)
        .header("user-agent", script)
        .send(&platform)
        .await;
    let body = serde_json::json!({"account_id": ACCOUNT, "title": script}).to_string();
    assert_eq!(
        Draft::connect()
            .body(body)
            .sign_at(NOW)
            .send(&platform)
            .await
            .status,
        200
    );

    let read = |call: &str| Draft::new("GET", &format!("{}/{call}", platform.control_path()));
    let (journal, overview) = (
        read("journal").send(&platform).await,
        read("overview").send(&platform).await,
    );
    for answer in [&journal, &overview] {
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(journal.json()["entries"][0]["target"], target);
    assert_eq!(overview.json()["connections"][0]["title"], script);
    // The page itself is the same for everybody: what strangers sent is not in it.
    let page = read("dashboard").send(&platform).await;
    assert!(!String::from_utf8(page.body).unwrap().contains("alert("));
}
