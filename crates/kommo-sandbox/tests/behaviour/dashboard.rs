//! The page that shows the sandbox live.

use kommo_sandbox::GrantOrder;

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

// A bare `<` in a target is no HTTP and never gets past the parser; escaped it does, and in other
// places it is allowed.
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

#[tokio::test]
async fn the_overview_names_grants_without_a_secret_or_a_token() {
    let platform = platform();
    let made = platform.make_grants(GrantOrder::new(2)).unwrap();
    let answer = Draft::new("GET", &format!("{}/overview", platform.control_path()))
        .send(&platform)
        .await;
    let overview = answer.json();
    assert_eq!(overview["grants_total"], 2);
    assert_eq!(overview["grants"].as_array().unwrap().len(), 2);
    assert_eq!(overview["integration"]["active"], true);
    let text = String::from_utf8(answer.body).unwrap();
    let state = platform.state();
    for secret in [
        &state.client_secret,
        &state.channel_secret,
        &state.app_secret,
    ] {
        assert!(!text.contains(secret.as_str()));
    }
    for grant in made {
        assert!(!text.contains(&grant.access_token) && !text.contains(&grant.refresh_token));
    }
}

#[tokio::test]
async fn the_page_moves_the_clock_and_orders_faults_by_calls_that_exist() {
    let (_, page) = page().await;
    let platform = platform();
    let orders: Vec<_> = page
        .split("data-clock='")
        .skip(1)
        .map(|behind| behind.split('\'').next().unwrap())
        .collect();
    assert_eq!(orders.len(), 4);
    for order in orders {
        let answer = Draft::new("POST", &format!("{}/clock", platform.control_path()))
            .body(order)
            .send(&platform)
            .await;
        assert_eq!(answer.status, 200, "{order}");
    }
    assert!(script(&page).contains("call(\"faults\", faultOrder())"));
}
