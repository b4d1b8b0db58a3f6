//! Hooks for tests, through their verifiers. Every body has the marker in it.

use alloc::sync::Arc;

use kommo_account::{AccountId, AmojoId, Realm};
use kommo_hooks::inbox::{HookAccount, HookFacts, NewHook, Put, UnsignedKind};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
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
