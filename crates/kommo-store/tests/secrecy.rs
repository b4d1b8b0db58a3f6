//! Planted markers: no token, code, secret or key comes out in a log line, an error or a `Debug`
//! text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

extern crate alloc;

use alloc::sync::Arc;
use std::io;
use std::sync::Mutex;

use kommo_account::{AccountHost, ClientId, Realm};
use kommo_hooks::inbox::{HookFacts, NewHook};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_keeper::{CodeOrigin, GrantStore as _, PendingCode, PendingCodes as _};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey};
use kommo_oauth::integration::ClientSecret;
use kommo_oauth::token::{AccessToken, AuthorizationCode, RefreshToken, TokenPair};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{
    EncryptionKey, EncryptionKeys, HookFilter, Inbox, InboxName, InboxSettings, Store,
    StoreSettings,
};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

const MARKER: &str = "planted51c0";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The whole program has one test, so that the log of every thread is its own.
#[tokio::test(flavor = "multi_thread")]
async fn no_marker_comes_out() {
    let lines = Lines::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(lines.clone())
        .finish()
        .init();
    tracing::trace!("the log is heard");
    let place = tempfile::tempdir().unwrap();
    let at = UnixSeconds::new(1_700_000_000);
    let client = ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap();
    let key = GrantKey::parse(&format!("real/{client}/1/2")).unwrap();
    let host: AccountHost = "myshop.kommo.com".parse().unwrap();
    let pair = TokenPair::new(
        AccessToken::new(format!("{MARKER}-access")).unwrap(),
        RefreshToken::new(format!("{MARKER}-refresh")).unwrap(),
        at,
        at,
    );
    // The bytes of the marker, so that the key in hex is a marker too.
    let key_text = format!("{:0<64}", hex(MARKER.as_bytes()));
    let encryption = EncryptionKey::parse(&key_text).unwrap();
    let mut told = format!(
        "{encryption:?} {:?}",
        EncryptionKeys::new(encryption.clone())
    );
    for settings in [
        StoreSettings::new().encrypted(EncryptionKeys::new(encryption)),
        StoreSettings::new(),
    ] {
        told.push_str(&format!("{settings:?}"));
        let store = Store::open(place.path().join("store.db"), settings)
            .await
            .unwrap();
        told.push_str(&format!("{store:?}"));
        let moved = Grant::consent(None, key, host, Some(true), pair.clone());
        // The second round meets the first one's encrypted record.
        told.push_str(&format!("{:?}", store.write(None, &moved, at).await));
        told.push_str(&format!("{:?}", store.load(&key).await.map(|_| ())));
        let lock = store.try_lock(&key).await.unwrap().unwrap();
        told.push_str(&format!("{lock:?}"));
        drop(lock);
        let code = AuthorizationCode::new(format!("{MARKER}-code")).unwrap();
        let pending =
            PendingCode::new(Realm::Real, client, host, code, CodeOrigin::InstallHook, at);
        told.push_str(&format!("{:?}", store.put_code(&pending).await));
        let secret = ClientSecret::new(format!("{MARKER}-secret")).unwrap();
        let put = store
            .put_integration_secret(MARKER, &client, &secret, at)
            .await;
        told.push_str(&format!("{put:?}"));
        told.push_str(&format!(
            "{:?} {:?}",
            store.list(None, 9).await,
            store.history(&key, 9).await
        ));
        told.push_str(&format!("{:?}", store.import(MARKER, at).await));
        if let Ok(text) = store.export_sealed(&key, at, &[]).await {
            assert!(!text.contains(MARKER), "an encrypted export");
        }
        let store = Arc::new(store);
        told.push_str(&hook_texts(&store, &place.path().join("spool")).await);
        store.close().await;
        told.push_str(&format!("{:?}", store.load(&key).await.map(|_| ())));
    }
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for text in [&told, &log] {
        assert!(!text.contains(MARKER), "{text}");
        assert!(!text.contains(&hex(MARKER.as_bytes())), "{text}");
    }
    assert!(
        told.contains("WrongKey"),
        "the errors were looked at: {told}"
    );
    assert!(log.contains("the log is heard"));
}

/// A hook in the inbox, and what shows of it.
async fn hook_texts(store: &Arc<Store>, spool: &std::path::Path) -> String {
    let channel_secret = ChannelSecret::new(MARKER).unwrap();
    let key = ChatHookKey::new(&channel_secret);
    let body = format!("{{\"text\":\"{MARKER}\"}}");
    let signature = key.sign(body.as_bytes());
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    keys.insert(KeyId::parse("k").unwrap(), key, None).unwrap();
    let signature = ReceivedSignature::from_text(signature.as_str());
    let hook = ChatHookVerifier::new(keys).verify(body.as_bytes(), signature, 1);
    let facts = HookFacts::new("message")
        .in_conversation(MARKER)
        .with_id(MARKER);
    let hook = NewHook::proven(&hook.unwrap(), facts);
    let name = InboxName::parse("a").unwrap();
    let settings = InboxSettings::new();
    let inbox = Inbox::with_spool(store, Realm::Real, name, settings, spool).unwrap();
    let put = inbox.put(&hook).await;
    let claimed = inbox.claim(1).await;
    let lines = inbox.list(&HookFilter::new(), 0, 9).await;
    format!("{hook:?} {inbox:?} {put:?} {claimed:?} {lines:?}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
