//! The chat window of the inspector: both sides of a conversation, seen in the journal.

use serde_json::json;

use crate::inspector::{causes, inspector, text, wait_for_rows};

#[test]
fn the_client_and_the_manager_write_and_their_requests_and_hooks_go_by() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    browser.click("[data-tab=chat]");
    browser.write("#chat-text", "Hello <b>there</b>");
    browser.click("#chat-client");
    browser.wait_until("document.querySelectorAll('.bubble.in').length === 1");
    assert_eq!(text(&stage, ".bubble.in p"), "Hello <b>there</b>");
    wait_for_rows(&stage, 2);
    assert_eq!(causes(&stage), json!(["message-taken", "connected"]));

    browser.write("#chat-text", "How can I help?");
    browser.click("#chat-manager");
    browser.wait_until("document.querySelectorAll('.bubble.out').length === 1");
    assert_eq!(text(&stage, ".bubble.out p"), "How can I help?");
    // The hook goes to the sandbox's own receiver, which answers 200.
    wait_for_rows(&stage, 3);
    assert_eq!(causes(&stage)[0], "chat-answered");
    browser.click("#filter-hook");
    wait_for_rows(&stage, 1);
    browser.click(".row .path");
    browser.wait_until("document.querySelector('#drawer pre') !== null");
    assert!(text(&stage, "#drawer pre").contains("How can I help?"));
    assert!(text(&stage, ".heads").contains("x-signature"));
    browser.click("#drawer-close");

    let said = stage.sandbox.messages_after(0);
    let texts: Vec<_> = said.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["Hello <b>there</b>", "How can I help?"]);
    assert_eq!(said[0].conversation_id, said[1].conversation_id);

    // A new conversation is one of its own.
    browser.click("#chat-conversation option[value='']");
    browser.wait_until("document.querySelectorAll('.bubble').length === 0");
    browser.write("#chat-text", "Another one\u{e007}");
    browser.wait_until("document.querySelectorAll('.bubble.in').length === 1");
    let said = stage.sandbox.messages_after(2);
    assert_ne!(said[0].conversation_id, texts_of(&stage));
}

/// The conversation of the first message.
fn texts_of(stage: &kommo_browser_walk::Stage) -> String {
    stage.sandbox.messages_after(0)[0].conversation_id.clone()
}

#[test]
fn a_refused_message_says_so_and_stays_in_the_field() {
    let Some(stage) = inspector() else { return };
    let browser = &stage.browser;
    let fault = kommo_sandbox::Fault::new(kommo_sandbox::FaultKind::ForbiddenText);
    stage.sandbox.inject(fault.times(1));
    browser.click("[data-tab=chat]");
    browser.write("#chat-text", "Hello");
    browser.click("#chat-client");
    browser.wait_until("document.getElementById('chat-outcome').textContent.includes('403')");
    let field = "return document.getElementById('chat-text').value";
    assert_eq!(browser.run(field, &[]), json!("Hello"));
    assert!(stage.sandbox.messages_after(0).is_empty());
}
