//! The inspector on a phone and in the dark, and whether its colours can be told apart.

use kommo_browser_walk::Stage;
use serde_json::json;

use crate::inspector::{chats_call, crm_call, inspector, wait_for_rows};
use crate::walk::pictures;

const PHONE: u32 = 390;

/// What is shown with too little contrast: texts below 4.5, edges of controls below 3.
const FAINT: &str = r#"
const channels = (color) => color.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
const contrast = (one, other) => {
  const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = channels(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const faint = [];
let texts = 0;
let edges = 0;
for (const element of document.body.querySelectorAll("*")) {
  if (!element.checkVisibility() || element.tagName === "OPTION" || element.tagName === "OPTGROUP") continue;
  const style = getComputedStyle(element);
  const name = element.tagName + ' ' + element.id + ' ' + element.className + " " + element.textContent.slice(0, 20);
  if ([...element.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "")) {
    texts += 1;
    const found = contrast(channels(style.color), ground(element));
    if (found < 4.5) faint.push(name + " text " + found.toFixed(2));
  }
  if (["BUTTON", "INPUT", "SELECT", "TEXTAREA"].includes(element.tagName)) {
    edges += 1;
    const found = contrast(channels(style.borderTopColor), ground(element.parentElement));
    if (found < 3) faint.push(name + " edge " + found.toFixed(2));
  }
}
return texts > 20 && edges > 5 ? faint : ["only " + texts + " texts and " + edges + " edges"];
"#;

#[track_caller]
fn nothing_is_faint(stage: &Stage, what: &str) {
    for scheme in ["light", "dark"] {
        stage.browser.prefer(scheme);
        assert_eq!(stage.browser.run(FAINT, &[]), json!([]), "{what}, {scheme}");
    }
}

#[track_caller]
fn nothing_sticks_out(stage: &Stage, what: &str) {
    let wide = "return document.documentElement.scrollWidth";
    let wide = stage.browser.run(wide, &[]);
    assert!(wide.as_u64() <= Some(u64::from(PHONE)), "{what}: {wide} px");
}

#[test]
fn every_view_fits_a_phone() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    crm_call(&stage);
    chats_call(&stage);
    browser.resize(PHONE);
    wait_for_rows(&stage, 2);
    nothing_sticks_out(&stage, "journal");
    assert!(
        !browser
            .run(
                "return document.getElementById('side').checkVisibility()",
                &[]
            )
            .as_bool()
            .unwrap()
    );
    browser.click("#row-2 .path");
    browser.wait_until("document.querySelector('.lines') !== null");
    nothing_sticks_out(&stage, "drawer");
    browser.click("#drawer-close");
    browser.wait_until("document.getElementById('rows').checkVisibility()");
    for view in ["chat", "sandbox", "journal"] {
        browser.click(&format!("#views [data-view={view}]"));
        browser.wait_until(&format!("document.body.dataset.view === '{view}'"));
        nothing_sticks_out(&stage, view);
    }
}

#[test]
fn texts_and_edges_can_be_told_apart_in_the_light_and_in_the_dark() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    nothing_is_faint(&stage, "empty");
    crm_call(&stage);
    chats_call(&stage);
    wait_for_rows(&stage, 2);
    browser.run(
        "document.querySelectorAll('details').forEach((one) => { one.open = true; })",
        &[],
    );
    nothing_is_faint(&stage, "journal");
    let dark = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.run(dark, &[]), json!("rgb(14, 18, 22)"));
    pictures(&stage, "inspector-dark");
    browser.click("[data-tab=chat]");
    browser.write("#chat-text", "Hello");
    browser.click("#chat-client");
    browser.wait_until("document.querySelectorAll('.bubble').length === 1");
    nothing_is_faint(&stage, "chat");
    browser.click("#row-2 .path");
    browser.wait_until("document.querySelector('.lines') !== null");
    nothing_is_faint(&stage, "drawer");
    browser.prefer("light");
    pictures(&stage, "inspector-drawer");
}
