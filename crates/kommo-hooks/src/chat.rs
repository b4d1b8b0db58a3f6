//! The verifier of chat hooks: HMAC-SHA1 of the raw body or of the body without one line end, then
//! scope and time.

use core::fmt;

use kommo_account::ChannelId;
#[cfg(feature = "alloc")]
use kommo_account::{AmojoId, ScopeId};
use kommo_sign::{ChatHookKey, KeyRing};

use crate::freshness::FreshnessWindow;
#[cfg(feature = "alloc")]
use crate::head;
use crate::received_signature::ReceivedSignature;
use crate::refusal::Refusal;
use crate::verified::{HookKind, Verified};

/// Proves chat hooks of one channel.
///
/// [`verify`](Self::verify) is the signature alone and allocates nothing. `verify_addressed`
/// (feature `alloc`) also compares the account in the body with the one in the URL: one secret
/// serves all accounts of a channel, so the URL alone proves nothing.
///
/// Source: rules H1 to H5 and H7 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
/// use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
///
/// let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
/// keys.insert(KeyId::parse("2026-11")?, ChatHookKey::new(&ChannelSecret::new("channel-secret")?), None)?;
/// let verifier = ChatHookVerifier::new(keys);
///
/// let signature = ReceivedSignature::from_text("1b58ec7918f80d142eaadae57ae2265cb1472ff6");
/// let hook = verifier.verify(b"{\"account_id\":\"x\",\"time\":1}\n", signature, 1_796_000_000)?;
/// assert_eq!(*hook.get(), b"{\"account_id\":\"x\",\"time\":1}");
/// assert_eq!(hook.proof().key_id.as_str(), "2026-11");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ChatHookVerifier<const KEYS: usize = 4> {
    keys: KeyRing<ChatHookKey, KEYS>,
    channel: Option<ChannelId>,
    window: Option<FreshnessWindow>,
}

impl<const KEYS: usize> ChatHookVerifier<KEYS> {
    /// A verifier with these keys.
    #[must_use]
    pub const fn new(keys: KeyRing<ChatHookKey, KEYS>) -> Self {
        Self {
            keys,
            channel: None,
            window: None,
        }
    }

    /// Refuses scope ids of other channels.
    #[must_use]
    pub const fn for_channel(mut self, channel: ChannelId) -> Self {
        self.channel = Some(channel);
        self
    }

    /// Refuses signed times outside a window. Without it a captured hook stays valid for ever.
    #[must_use]
    pub const fn fresh_within(mut self, window: FreshnessWindow) -> Self {
        self.window = Some(window);
        self
    }

    /// The keys, for a rotation.
    pub const fn keys_mut(&mut self) -> &mut KeyRing<ChatHookKey, KEYS> {
        &mut self.keys
    }

    /// The verdict on the signature of a hook: `body` as it came, before any parsing. `now` in Unix
    /// seconds.
    ///
    /// # Errors
    ///
    /// - no header, two headers, not 40 hex digits: [`Refusal::SignatureMissing`],
    ///   [`Refusal::SignatureRepeated`], [`Refusal::SignatureMalformed`].
    /// - another key, another body, two line ends: [`Refusal::NotProven`].
    #[inline]
    pub fn verify<'a>(
        &self,
        body: &'a [u8],
        signature: ReceivedSignature<'_>,
        now: u64,
    ) -> Result<Verified<&'a [u8]>, Refusal> {
        let text = signature.text()?;
        let matched = self.keys.verify(now, |key| key.verify(body, text))?;
        Ok(Verified::new(
            matched.proven.bytes(),
            HookKind::Chat,
            matched.key_id,
            now,
        ))
    }

    /// The verdict on signature, scope and time. `scope_in_url` is the text that the URL has for
    /// `:scope_id`.
    ///
    /// A hook without an account or a time in its body (version 1, unknown kinds) is not refused
    /// for that: it is proven, and [`AddressedHook`] says what it lacks.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and:
    ///
    /// - the URL has no scope id, or one of another channel: [`Refusal::ScopeMalformed`],
    ///   [`Refusal::OtherChannel`].
    /// - the body names another account: [`Refusal::OtherAccount`]; it names two:
    ///   [`Refusal::BodyMalformed`].
    /// - its time is outside the window: [`Refusal::Stale`], [`Refusal::FromTheFuture`].
    #[cfg(feature = "alloc")]
    pub fn verify_addressed<'a>(
        &self,
        body: &'a [u8],
        signature: ReceivedSignature<'_>,
        scope_in_url: &str,
        now: u64,
    ) -> Result<AddressedHook<'a>, Refusal> {
        let hook = self.verify(body, signature, now)?;
        let scope = ScopeId::parse(scope_in_url).map_err(|_| Refusal::ScopeMalformed)?;
        if self.channel.is_some_and(|own| own != scope.channel_id()) {
            return Err(Refusal::OtherChannel);
        }
        let head = head::read(hook.get())?;
        if let Some(account) = &head.account_id
            && account.as_ref() != scope.account_amojo_id().as_str()
        {
            return Err(Refusal::OtherAccount);
        }
        if let (Some(window), Some(time)) = (self.window, head.time) {
            window.check(time, now)?;
        }
        Ok(AddressedHook {
            hook,
            scope,
            account: head.account_id.map(|_| scope.account_amojo_id()),
            signed_at: head.time,
        })
    }
}

impl<const KEYS: usize> fmt::Debug for ChatHookVerifier<KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatHookVerifier")
            .field("keys", &self.keys)
            .field("channel", &self.channel)
            .field("window", &self.window)
            .finish()
    }
}

/// A proven chat hook whose scope was compared with its body.
#[cfg(feature = "alloc")]
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AddressedHook<'a> {
    /// The proven bytes.
    pub hook: Verified<&'a [u8]>,
    /// The scope id of the URL. It is proven only if `account` is `Some`.
    pub scope: ScopeId,
    /// The account, if the body names one; it then equals the account in the URL.
    pub account: Option<AmojoId>,
    /// When the platform made the hook, Unix seconds, if the body says so.
    pub signed_at: Option<u64>,
}
