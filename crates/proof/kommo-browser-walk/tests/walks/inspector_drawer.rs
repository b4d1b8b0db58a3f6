//! One request in the inspector: why it was refused, what was signed, and what can be copied.

use serde_json::json;

use crate::inspector::{
    BODY, chats_call, connect_path, copied, crm_call, date, inspector, send, text, wait_for_rows,
};

const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";

#[test]
fn the_cause_its_rule_and_the_differing_line_are_shown() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    chats_call(&stage);
    browser.click("#row-1 .path");
    browser.wait_until("document.querySelector('.rule').textContent.includes('Certainty')");
    assert_eq!(text(&stage, ".cause-box .code"), "md5-differs");
    let cause = text(&stage, ".cause-box h2");
    assert!(
        cause.starts_with("content-md5 is not the MD5 of the"),
        "{cause}"
    );
    let rule = text(&stage, "[data-rule=S4]");
    assert!(
        rule.contains("is the MD5 of the body bytes as sent"),
        "{rule}"
    );

    let lines = "return [...document.querySelectorAll('.lines tbody tr')].map((row) => \
                 [row.dataset.line, row.classList.contains('differs'), row.querySelectorAll('mark').length])";
    assert_eq!(
        browser.run(lines, &[]),
        json!([
            ["method", false, 0],
            ["content-md5", true, 2],
            ["content-type", false, 0],
            ["date", false, 0],
            ["path", false, 0]
        ])
    );
    assert_eq!(
        text(&stage, "[data-line=content-md5] .received"),
        "0".repeat(32)
    );
    let path = connect_path(&stage);
    assert_eq!(text(&stage, "[data-line=path] .expected"), path);
    assert_eq!(text(&stage, "#drawer pre"), BODY);
    assert!(text(&stage, "#drawer").contains("ends with a line feed"));
    assert!(text(&stage, "#drawer").contains("ORIGIN_INVALID_SIGNATURE"));
}

#[test]
fn copies_say_what_came_and_a_link_leads_back() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    crm_call(&stage);
    let date = date(&stage);
    chats_call(&stage);
    let page = stage.sandbox.dashboard_url();
    browser.go(&format!("{page}#2"));
    browser.wait_until("!document.getElementById('drawer').hidden");
    let told = copied(&stage, "Copy as curl");
    assert!(told.contains("x-signature: (40 bytes)"), "{told}");
    let base = stage.sandbox.base_url();
    assert_eq!(
        copied(&stage, "Copy as kommo explain"),
        format!("kommo explain chats --journal 2 --sandbox {base}")
    );
    assert_eq!(copied(&stage, "Copy body"), BODY);
    assert_eq!(copied(&stage, "Copy link"), format!("{page}#2"));
    let ids = "return [...document.querySelectorAll('#drawer .id')].map((id) => \
               [id.querySelector('code').textContent, id.querySelector('button').ariaLabel])";
    let channel_id = stage.sandbox.state().channel_id;
    let label = format!("Copy {channel_id}");
    assert_eq!(browser.run(ids, &[]), json!([[channel_id, label]]));

    browser.click("#reveal");
    browser.wait_until("document.getElementById('reveal').textContent === 'Hide secrets'");
    let told = copied(&stage, "Copy as curl");
    let path = connect_path(&stage);
    // The clock may have moved by a second between the two.
    let day = date.split(':').next().unwrap();
    for part in [
        format!("curl --globoff --path-as-is -X POST {base}{path} -H 'date: {day}:"),
        format!("-H 'x-signature: {}'", "f".repeat(40)),
        format!("-H 'content-md5: {}'", "0".repeat(32)),
        "-H 'content-type: application/json'".into(),
        format!("--data-raw '{}'", BODY.replace('\'', "'\\''")),
    ] {
        assert!(told.contains(&part), "{part} in {told}");
    }
    let link = copied(&stage, "Copy link");
    browser.go("about:blank");
    browser.go(&link);
    browser.wait_until("document.querySelector('#drawer strong').textContent === '#2'");
    browser.wait_until("document.querySelector('#row-2').ariaSelected === 'true'");
}

#[test]
fn the_keyboard_goes_through_the_journal() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    crm_call(&stage);
    chats_call(&stage);
    crm_call(&stage);
    wait_for_rows(&stage, 3);
    browser.press("/");
    browser.wait_until("document.activeElement.id === 'search'");
    browser.press(DOWN);
    browser.wait_until("document.activeElement.id === 'rows'");
    browser.wait_until("document.querySelector('#row-3').ariaSelected === 'true'");
    browser.press(DOWN);
    browser.wait_until("document.querySelector('#row-2').ariaSelected === 'true'");
    assert_eq!(browser.attribute("#rows", "aria-activedescendant"), "row-2");
    browser.press(ENTER);
    browser.wait_until("location.hash === '#2' && !document.getElementById('drawer').hidden");
    browser.press("j");
    browser.wait_until("document.querySelector('#drawer strong').textContent === '#1'");
    browser.press("k");
    browser.press("k");
    browser.wait_until("document.querySelector('#drawer strong').textContent === '#3'");
    browser.press(ESCAPE);
    browser.wait_until("document.getElementById('drawer').hidden && location.hash === ''");
    browser.wait_until("document.activeElement.id === 'rows'");
    browser.press("p");
    browser.wait_until("document.getElementById('pause').ariaPressed === 'true'");
    browser.run("history.back()", &[]);
    browser.wait_until("!document.getElementById('drawer').hidden");
}

#[test]
fn no_secret_is_on_the_page_until_it_is_asked_for() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    let state = stage.sandbox.state();
    let markers = [
        state.client_secret.as_str(),
        &state.channel_secret,
        &state.app_secret,
        "marker-of-another-secret",
        "marker-of-a-signature",
        "marker-of-a-cookie",
    ];
    let body = json!({
        "client_id": state.client_id,
        "client_secret": "marker-of-another-secret",
        "grant_type": state.channel_secret,
        "note": [state.client_secret, state.app_secret],
    });
    let heads = format!(
        "Host: {}\r\nContent-Type: application/json\r\nX-Signature: marker-of-a-signature\r\nCookie: a=marker-of-a-cookie\r\n",
        stage.account(0).host
    );
    send(
        &stage,
        "POST",
        "/oauth2/access_token",
        &heads,
        &body.to_string(),
    );
    browser.click("#row-1 .path");
    browser.wait_until("document.querySelectorAll('#drawer pre').length === 2");
    let page = || {
        let all =
            "return document.documentElement.outerHTML + document.documentElement.textContent";
        browser.run(all, &[]).as_str().unwrap().to_owned()
    };
    let masked = page();
    for marker in markers {
        assert!(!masked.contains(marker), "{marker}");
    }
    assert!(masked.contains("(secret)"));
    let told = copied(&stage, "Copy as curl");
    assert!(
        markers.iter().all(|marker| !told.contains(marker)),
        "{told}"
    );

    browser.click("#reveal");
    browser.wait_until("document.getElementById('reveal').textContent === 'Hide secrets'");
    let shown = page();
    for marker in markers {
        assert!(shown.contains(marker), "{marker}");
    }
    browser.click("#reveal");
    browser.wait_until("document.getElementById('reveal').textContent === 'Show secrets'");
    assert!(markers.iter().all(|marker| !page().contains(marker)));

    // Those of the integration have a button of their own.
    browser.press(ESCAPE);
    browser.click("#show-secrets");
    browser.wait_until("document.querySelectorAll('#secrets dd').length === 4");
    assert!(page().contains(&state.client_secret));
    browser.click("#show-secrets");
    browser.wait_until("document.querySelectorAll('#secrets dd').length === 0");
    assert!(!page().contains(&state.client_secret));
}

#[test]
fn markup_of_a_stranger_stays_text() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    let markup = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>";
    let heads = format!("User-Agent: {markup}\r\nX-{}: 1\r\n", "Strange");
    let target = "/%3Cimg%20src=x%20onerror=window.hacked=1%3E?'onload=window.hacked=1";
    send(&stage, "PO.ST", target, &heads, markup);
    browser.click("#row-1 .path");
    browser.wait_until("document.querySelectorAll('#drawer pre').length === 2");
    assert_eq!(text(&stage, "#drawer pre"), markup);
    assert!(text(&stage, ".heads").contains(markup));
    browser.write("#search", "onerror");
    wait_for_rows(&stage, 1);
    let found = "return [window.hacked === undefined, document.querySelectorAll('img').length, \
                 document.querySelectorAll('script').length]";
    assert_eq!(browser.run(found, &[]), json!([true, 0, 1]));
    // And a script that would make markup of a text is stopped by the policy.
    let sink = "const script = document.createElement('div'); \
                try { script.innerHTML = '<b>x</b>'; return 'made'; } catch (error) { return error.name; }";
    assert_eq!(browser.run(sink, &[]), json!("TypeError"));
}
