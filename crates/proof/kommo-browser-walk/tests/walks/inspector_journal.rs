//! The journal of the inspector: lines as they come, filters, the search, pause and clear.

use serde_json::json;

use crate::inspector::{causes, chats_call, crm_call, inspector, send, text, wait_for_rows};

#[test]
fn filters_and_the_search_leave_what_fits() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    browser.shown("#empty");
    crm_call(&stage);
    chats_call(&stage);
    assert_eq!(send(&stage, "GET", "/oauth?client_id=x", "", ""), "404");
    wait_for_rows(&stage, 3);
    assert_eq!(text(&stage, "#count"), "3");
    let all = causes(&stage);
    assert_eq!(all[1], "md5-differs");

    browser.click("#filter-crm");
    wait_for_rows(&stage, 1);
    assert_eq!(browser.attribute("#filter-crm", "aria-pressed"), "true");
    assert_eq!(causes(&stage), json!([all[2]]));
    browser.click("#filter-chats");
    wait_for_rows(&stage, 2);
    assert_eq!(text(&stage, "#count"), "2 of 3");
    browser.click("#filter-crm");
    browser.click("#filter-chats");
    browser.click("#filter-refused");
    wait_for_rows(&stage, 3);
    browser.click("#filter-refused");

    // Every word counts, wherever it stands: the path, the cause, the rule, the number.
    for (words, number) in [
        ("MD5 post", 1),
        ("s4", 1),
        ("#1", 1),
        ("api/v4", 1),
        ("nowhere", 0),
    ] {
        browser.write("#search", words);
        wait_for_rows(&stage, number);
        browser.press("\u{e00c}");
        wait_for_rows(&stage, 3);
    }
}

#[test]
fn pause_keeps_new_lines_back_and_clear_hides_the_old_ones() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    crm_call(&stage);
    wait_for_rows(&stage, 1);
    browser.click("#pause");
    crm_call(&stage);
    browser.wait_until("document.getElementById('fresh').textContent === '1 new request'");
    browser.click("#filter-crm");
    browser.click("#filter-refused");
    wait_for_rows(&stage, 1);
    assert_eq!(text(&stage, "#count"), "1");
    browser.click("#pause");
    wait_for_rows(&stage, 2);
    browser.click("#filter-crm");
    browser.click("#filter-refused");
    assert_eq!(browser.attribute("#fresh", "hidden"), "true");

    browser.click("#clear");
    wait_for_rows(&stage, 0);
    browser.click("#unclear");
    wait_for_rows(&stage, 2);
    browser.click("#clear");
    chats_call(&stage);
    wait_for_rows(&stage, 1);
    assert_eq!(causes(&stage), json!(["md5-differs"]));
    assert_eq!(stage.sandbox.journal().len(), 3, "the sandbox keeps them");
}

#[test]
fn what_the_reader_has_selected_stays_as_it_is() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    chats_call(&stage);
    wait_for_rows(&stage, 1);
    let select = "window.kept = document.querySelector('.row'); \
                  getSelection().selectAllChildren(window.kept.querySelector('.cause'))";
    browser.run(select, &[]);
    crm_call(&stage);
    browser.wait_until("!document.getElementById('fresh').hidden");
    wait_for_rows(&stage, 1);
    let selected = "return [window.kept.isConnected, getSelection().toString()]";
    assert_eq!(browser.run(selected, &[]), json!([true, "md5-differs"]));
    browser.click("#fresh");
    wait_for_rows(&stage, 2);
    assert_eq!(browser.run(selected, &[]), json!([true, "md5-differs"]));
}

#[test]
fn a_thousand_lines_are_a_few_elements() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    for _ in 0..1000 {
        send(&stage, "GET", "/nothing", "", "");
    }
    chats_call(&stage);
    browser.wait_until("document.getElementById('count').textContent === '1000'");
    let rows = "return document.querySelectorAll('.row').length";
    assert!(browser.run(rows, &[]).as_u64().unwrap() < 100);
    assert!(browser.has("#row-1001"));
    // The end of the list is there when it is gone to, and the search finds what is out of sight.
    browser.run("document.getElementById('rows').focus()", &[]);
    browser.press("\u{e010}");
    browser.wait_until("document.getElementById('row-2') !== null");
    assert!(!browser.has("#row-1001"));
    browser.write("#search", "#777");
    wait_for_rows(&stage, 1);
}

#[test]
fn the_notice_of_a_sandbox_that_is_gone_goes_away_when_it_is_back() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    browser.set_offline(true);
    browser
        .wait_until("document.getElementById('trouble').textContent.includes('does not answer')");
    crm_call(&stage);
    browser.set_offline(false);
    browser.wait_until("document.getElementById('trouble').textContent === ''");
    wait_for_rows(&stage, 1);
}
