//! Hooks in an inbox, through their verifiers.

use core::time::Duration;
use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use kommo_account::{AccountId, AmojoId, ClientId, Realm};
use kommo_hooks::inbox::{HookAccount, HookFacts, NewHook, Put, UnsignedKind};
use kommo_hooks::{BotTokenVerifier, ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing};
use kommo_store::{
    ClaimedHook, Inbox, InboxName, InboxSettings, Store, StoreSettings, WorkerSettings,
};
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";

const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

pub(crate) struct Kept {
    pub(crate) inbox: Inbox,
    _directory: TempDir,
}

pub(crate) async fn kept() -> Kept {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = Arc::new(Store::open(path, StoreSettings::new()).await.unwrap());
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.retry.first_pause = Duration::from_millis(50);
    settings.retry.longest_pause = Duration::from_millis(200);
    settings.retry.attempts = 10_000;
    let name = InboxName::parse("chats").unwrap();
    Kept {
        inbox: Inbox::new(&store, Realm::Real, name, settings),
        _directory: directory,
    }
}

/// Asks all the time.
pub(crate) fn busy() -> WorkerSettings {
    let mut settings = WorkerSettings::new();
    settings.poll = Duration::from_millis(20);
    settings
}

impl Kept {
    /// A message of a conversation, as it was proven.
    pub(crate) async fn put(&self, body: &str, conversation: &str) {
        let key = ChatHookKey::new(&ChannelSecret::new("planted-channel-secret").unwrap());
        let signature = key.sign(body.as_bytes());
        let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
        keys.insert(KeyId::parse("2026-11").unwrap(), key, None)
            .unwrap();
        let signature = ReceivedSignature::from_text(signature.as_str());
        let proven = ChatHookVerifier::new(keys).verify(body.as_bytes(), signature, 1_796_049_008);
        let facts = HookFacts::new("message")
            .of_account(Some(HookAccount::Chats(AmojoId::parse(ACCOUNT).unwrap())))
            .in_conversation(conversation);
        let hook = NewHook::proven(&proven.unwrap(), facts);
        assert_eq!(self.inbox.put(&hook).await.unwrap(), Put::Stored);
    }

    /// The request of a bot, whose token is proven.
    pub(crate) async fn put_token_proven(&self, body: &[u8]) {
        let secret = ClientSecret::new("planted-client-secret").unwrap();
        let key = JwsKey::new(JwsAlgorithm::Hs512, &secret);
        let part = |json: &str| Base64UrlUnpadded::encode_string(json.as_bytes());
        let header = part(r#"{"typ":"JWT","alg":"HS512"}"#);
        let claims = format!(
            r#"{{"iss":"https://shop.kommo.com","exp":1796050000,"account_id":77,"client_uuid":"{CLIENT}"}}"#
        );
        let signed = format!("{header}.{}", part(&claims));
        let mut buffer = [0; 64];
        let mac = Base64UrlUnpadded::encode_string(key.sign(&signed, &mut buffer));
        let mut keys: KeyRing<JwsKey> = KeyRing::new();
        keys.insert(KeyId::parse("2026-11").unwrap(), key, None)
            .unwrap();
        let verifier = BotTokenVerifier::new(ClientId::parse(CLIENT).unwrap(), keys);
        let token = verifier.verify(&format!("{signed}.{mac}"), 1_796_049_008);
        let facts = HookFacts::new("widget-request");
        let hook = NewHook::token_proven(&token.unwrap(), body, facts);
        assert_eq!(self.inbox.put(&hook).await.unwrap(), Put::Stored);
    }

    pub(crate) async fn put_unsigned(&self, body: &[u8]) {
        let account = HookAccount::Crm(AccountId::from_number(77).unwrap());
        let facts = HookFacts::new("add-lead").of_account(Some(account));
        let hook = NewHook::unsigned(UnsignedKind::Crm, body, [1; 16], facts);
        assert_eq!(self.inbox.put(&hook).await.unwrap(), Put::Stored);
    }

    pub(crate) async fn claimed(&self) -> Arc<ClaimedHook> {
        Arc::new(self.inbox.claim(1).await.unwrap().remove(0))
    }

    pub(crate) async fn until_empty(&self) {
        while self.inbox.depth().await.unwrap().waiting > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
