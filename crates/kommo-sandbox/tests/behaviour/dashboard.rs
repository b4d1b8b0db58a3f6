//! The page that shows the sandbox live.

use alloc::collections::BTreeMap;

use kommo_sandbox::GrantOrder;

use crate::naive_client::{ACCOUNT, Answer, Draft, NOW, platform};

async fn get(call: &str) -> (Answer, String) {
    let platform = platform();
    let answer = Draft::new("GET", &format!("{}/{call}", platform.control_path()))
        .send(&platform)
        .await;
    let text = String::from_utf8(answer.body.clone()).unwrap();
    (answer, text)
}

/// What stands in quotes after each `before`.
fn quoted(text: &str, before: &str) -> Vec<String> {
    let places = text.split(before).skip(1);
    places
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// Every script of the page: those that it names, and those that these import.
async fn scripts() -> BTreeMap<String, String> {
    let (_, page) = get("dashboard").await;
    let mut waiting = quoted(&page, "src=\"");
    let mut found = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        let (answer, text) = get(&name).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(
            answer.header("content-type"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let imports = quoted(&text, "from \"./");
        let imports = imports.iter().map(|name| format!("dashboard/{name}"));
        waiting.extend(imports.filter(|name| !found.contains_key(name)));
        found.insert(name, text);
    }
    found
}

#[tokio::test]
async fn the_page_runs_nothing_but_its_own_files() {
    let (answer, page) = get("dashboard").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    for inline in [
        "<style",
        " style=",
        " onclick",
        " onload",
        "javascript:",
        "<base",
    ] {
        assert!(!page.contains(inline), "the page holds {inline}");
    }
    let (style, text) = get(&quoted(&page, "rel=\"stylesheet\" href=\"")[0]).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(!text.contains("url("));
    let scripts = scripts().await;
    assert_eq!(scripts.len(), 9, "{:?}", scripts.keys());
    for text in scripts.values().chain([&page, &text]) {
        for outside in ["http://", "https://", "@import", "//cdn"] {
            assert!(!text.contains(outside), "a file holds {outside}");
        }
    }
}

#[tokio::test]
async fn there_is_no_other_file() {
    for call in [
        "dashboard/",
        "dashboard/page.html",
        "dashboard/../state",
        "dashboards",
    ] {
        assert_eq!(get(call).await.0.status, 404, "{call}");
    }
}

#[tokio::test]
async fn rules_are_served_by_their_numbers() {
    let (answer, _) = get("dashboard/rules.json").await;
    let rules = answer.json();
    let statement = rules["S2"]["statement"].as_str().unwrap();
    assert!(statement.contains("HMAC-SHA1"), "{statement}");
    // The bar of a table's cell is escaped there and not here.
    let statement = rules["X1"]["statement"].as_str().unwrap();
    assert!(statement.contains("`client_id|account_id`"), "{statement}");
}

#[tokio::test]
async fn strangers_text_goes_into_the_page_as_text_only() {
    for (name, script) in scripts().await {
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "setHTML",
            "document.write",
            "eval(",
            "new Function",
            "DOMParser",
            "createContextualFragment",
            ".href",
            ".src",
            "srcdoc",
            "onclick",
        ] {
            assert!(!script.contains(sink), "{name} uses {sink}");
        }
        assert_eq!(
            script.matches("setAttribute(").count(),
            script.matches("setAttribute(\"aria-").count(),
            "{name}"
        );
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
    let (_, page) = get("dashboard").await;
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
    let panels = &scripts().await["dashboard/panels.js"];
    assert!(panels.contains("call(\"faults\", faultOrder())"));
}
