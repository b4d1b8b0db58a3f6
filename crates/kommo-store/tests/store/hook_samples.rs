//! Hooks for tests, through their verifiers. Every body has the marker in it.

use alloc::sync::Arc;

use kommo_account::{AccountId, AmojoId, ClientId, Realm};
use kommo_hooks::inbox::{HookAccount, HookFacts, NewHook, Put, UnsignedKind};
use kommo_hooks::{BotTokenVerifier, ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing};
use kommo_store::{ClaimedHook, Inbox, InboxName, InboxSettings, Store};

use crate::samples::MARKER;

/// The inbox of the tests: with the integration's id as its name.
pub(crate) fn inbox_with(store: &Arc<Store>, settings: InboxSettings) -> Inbox {
    let name = InboxName::from(&crate::samples::client());
    Inbox::new(store, Realm::Real, name, settings)
}

pub(crate) fn inbox(store: &Arc<Store>) -> Inbox {
    let mut settings = InboxSettings::new();
    // Tests run on busy machines.
    settings.put_within = core::time::Duration::from_secs(60);
    inbox_with(store, settings)
}

pub(crate) fn body(number: u64) -> String {
    format!("{{\"time\":{number},\"text\":\"{MARKER}\"}}")
}

pub(crate) fn chats_account() -> HookAccount {
    HookAccount::Chats(AmojoId::parse("52e591f7-c98f-4255-8495-827210138c81").unwrap())
}

pub(crate) fn crm_account(number: u64) -> HookAccount {
    HookAccount::Crm(AccountId::from_number(number).unwrap())
}

/// A proven hook with this body.
pub(crate) fn proven<'a>(body: &'a str, facts: HookFacts<'_>) -> NewHook<'a> {
    let key = ChatHookKey::new(&ChannelSecret::new("channel-secret").unwrap());
    let signature = key.sign(body.as_bytes());
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    keys.insert(KeyId::parse("2026-11").unwrap(), key, None)
        .unwrap();
    let signature = ReceivedSignature::from_text(signature.as_str());
    let verified = ChatHookVerifier::new(keys).verify(body.as_bytes(), signature, 1_796_000_000);
    NewHook::proven(&verified.unwrap(), facts)
}

/// A message of a conversation.
pub(crate) async fn put(inbox: &Inbox, number: u64, conversation: &str) -> Put {
    let facts = HookFacts::new("message")
        .of_account(Some(chats_account()))
        .in_conversation(conversation);
    inbox.put(&proven(&body(number), facts)).await.unwrap()
}

/// An event of the CRM, which nothing proves.
pub(crate) async fn put_unsigned(inbox: &Inbox, nonce: u8, account: u64) -> Put {
    let facts = HookFacts::new("crm").of_account(Some(crm_account(account)));
    let hook = NewHook::unsigned(
        UnsignedKind::Crm,
        b"leads[add][0][id]=1",
        [nonce; 16],
        facts,
    );
    inbox.put(&hook).await.unwrap()
}

/// A bot's token for account 77, signed in another language.
const BOT_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJpc3MiOiJodHRwczovL3Nob3Aua29tbW8uY29tIiwiZXhwIjo\
     xNzk2MDUwMDAwLCJhY2NvdW50X2lkIjo3NywiY2xpZW50X3V1aWQiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC0\
     1NTU1NTU1NTU1NTUifQ.t66ESgwiRV_ER5gznsINdQCxHFlfRp0nlWb6tlr7PDjC1Cj0tCOorr0oLNQ_hLtY-hM-\
     BG3MI0podAvXmar4MA";

/// The request of a bot, whose token is proven.
pub(crate) async fn put_token_proven(inbox: &Inbox, body: &[u8], conversation: &str) -> Put {
    let secret = ClientSecret::new("planted-client-secret").unwrap();
    let mut keys: KeyRing<JwsKey> = KeyRing::new();
    let key = JwsKey::new(JwsAlgorithm::Hs512, &secret);
    keys.insert(KeyId::parse("bots").unwrap(), key, None)
        .unwrap();
    let client = ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap();
    let token = BotTokenVerifier::new(client, keys).verify(BOT_TOKEN, 1_796_049_008);
    let facts = HookFacts::new("widget-request")
        .of_account(Some(crm_account(77)))
        .in_conversation(conversation);
    let hook = NewHook::token_proven(&token.unwrap(), body, facts);
    inbox.put(&hook).await.unwrap()
}

/// Which of the bodies it is.
pub(crate) fn number_of(hook: &ClaimedHook) -> u64 {
    let text = core::str::from_utf8(hook.proven().unwrap().get())
        .unwrap()
        .to_owned();
    let digits = text.strip_prefix("{\"time\":").unwrap();
    digits.split(',').next().unwrap().parse().unwrap()
}

pub(crate) fn numbers_of(hooks: &[ClaimedHook]) -> Vec<u64> {
    hooks.iter().map(number_of).collect()
}
