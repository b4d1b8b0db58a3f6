//! Every example is run, against a sandbox of its own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and an example prints"
)]

#[path = "../../examples/answer_chat.rs"]
mod answer_chat;
#[path = "../../examples/connect_channel.rs"]
mod connect_channel;
#[path = "../../examples/crm_call.rs"]
mod crm_call;
#[path = "../../examples/fresh_token.rs"]
#[allow(dead_code, reason = "its `main` reads an argument")]
mod fresh_token;
#[path = "../../examples/hand_over.rs"]
mod hand_over;
#[path = "../../examples/open_api_ticket.rs"]
mod open_api_ticket;
#[path = "../../examples/sign_request.rs"]
mod sign_request;
#[path = "../../examples/verify_chat_hook.rs"]
mod verify_chat_hook;

#[test]
fn a_request_is_signed() {
    sign_request::main().unwrap();
}

#[test]
fn a_chat_hook_is_proven() {
    verify_chat_hook::main().unwrap();
}

#[test]
fn a_channel_is_connected() {
    connect_channel::main().unwrap();
}

#[test]
fn a_chat_message_is_answered_end_to_end() {
    answer_chat::main().unwrap();
}

#[test]
fn a_kept_hook_is_handed_over_to_another_program() {
    hand_over::main().unwrap();
}

#[test]
fn a_ticket_is_created_in_the_open_api() {
    open_api_ticket::main().unwrap();
}

#[test]
fn the_crm_is_called() {
    crm_call::main().unwrap();
}

#[tokio::test]
async fn a_token_comes_from_sqlite() {
    let place = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", place.path().join("grants.db").display());
    fresh_token::run(&store).await.unwrap();
}

#[tokio::test]
async fn a_token_comes_from_postgresql_by_another_url_and_nothing_else() {
    if let Some(server) = kommo_test_support::postgres_server() {
        fresh_token::run(&server).await.unwrap();
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_named() {
    let opened = kommo::builder().store("grants.db").open().await;
    let error = opened.unwrap_err();
    assert_eq!(error.to_string(), "the setting store cannot be used");
    let missing = kommo::builder().open().await.unwrap_err();
    assert_eq!(missing.to_string(), "the setting store is missing");
}

#[tokio::test]
async fn receivers_of_the_integration_need_one() {
    let place = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}/hooks.db", place.path().display());
    let bare = kommo::builder().store(&store).open().await.unwrap();
    let key = [7; 32];
    for missing in [
        bare.bot_hooks().map(drop),
        bare.widget_calls().map(drop),
        bare.crm_hooks(&key).map(drop),
    ] {
        let error = missing.unwrap_err();
        assert_eq!(error.to_string(), "the setting integration is missing");
    }
    let (id, redirect) = (
        "11111111-2222-3333-4444-555555555555",
        "https://app.example/callback",
    );
    let builder = kommo::builder().integration(id, "client-secret", redirect);
    let kommo = builder.store(&store).open().await.unwrap();
    kommo.bot_hooks().unwrap();
    kommo.widget_calls().unwrap();
    kommo.open_api_hooks("app-secret").unwrap();
    let short = kommo.crm_hooks(&key[1..]).map(drop).unwrap_err();
    assert_eq!(short.to_string(), "the setting crm_hooks cannot be used");
    let account = kommo::accounts::AccountId::new(7.try_into().unwrap());
    let path = kommo.crm_hooks(&key).unwrap().path_of(account);
    assert!(path.starts_with("/crm-hooks/7/"), "{path}");
    // The spool is beside the store.
    kommo.inbox("chats").unwrap();
    assert!(place.path().join("hooks.db.spool").is_dir());
    let inbox = kommo.inbox("chats").unwrap();
    let secret = "whsec_MARKERMARKERMARKERMARKERMARKERMA";
    for (url, secret) in [
        ("http://shop.example/", secret),
        ("https://shop.example/", "x"),
    ] {
        let error = kommo.hand_over(&inbox, url, secret).map(drop).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.starts_with("the setting hand_over "), "{said}");
        assert!(!said.contains("MARKER"), "{said}");
    }
    let named = kommo.inbox("no name").map(drop).unwrap_err();
    assert_eq!(named.to_string(), "the setting inbox cannot be used");
}
