//! A hook on its way into the inbox. Of a signed kind only a proven one can be made, and of the
//! kinds with a token only one whose token is proven.

use core::fmt;

use crate::inbox::account::HookAccount;
use crate::inbox::keys::{ConversationKey, EntryKey};
use crate::inbox::origin::{HookOrigin, UnsignedKind};
use crate::token::BotToken;
use crate::verified::Verified;

/// What a typed event says of itself to the inbox.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HookFacts<'a> {
    /// Which event: a stable name, for filters. Lower-case letters, digits, hyphens.
    pub event: &'static str,
    /// Whose it is: an erasure of the account takes the hook along.
    pub account: Option<HookAccount>,
    /// Which conversation of the account. Without one, the hook is handled in no order.
    pub conversation: Option<&'a str>,
    /// The id that the platform gave to what is reported, if the same report always has it and no
    /// other one does: of a message, its id. Of an unsigned hook: the id of the request.
    pub id: Option<&'a str>,
}

impl<'a> HookFacts<'a> {
    /// An event of which no more is known.
    #[must_use]
    pub const fn new(event: &'static str) -> Self {
        Self {
            event,
            account: None,
            conversation: None,
            id: None,
        }
    }

    /// With its account.
    #[must_use]
    pub const fn of_account(mut self, account: Option<HookAccount>) -> Self {
        self.account = account;
        self
    }

    /// With its conversation.
    #[must_use]
    pub const fn in_conversation(mut self, conversation: &'a str) -> Self {
        self.conversation = Some(conversation);
        self
    }

    /// With its id.
    #[must_use]
    pub const fn with_id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }
}

/// A hook on its way into the inbox.
///
/// # Examples
///
/// ```
/// use kommo_hooks::inbox::{HookFacts, NewHook};
/// use kommo_hooks::{OpenApiVerifier, ReceivedSignature};
/// use kommo_sign::{AppSecret, KeyId, KeyRing, OpenApiKey};
///
/// let key = OpenApiKey::new(&AppSecret::new("app-secret")?);
/// let body = br#"{"created_at":1796000000,"event":"UNREPLIED"}"#;
/// let signature = key.sign(body);
/// let mut keys: KeyRing<OpenApiKey> = KeyRing::new();
/// keys.insert(KeyId::parse("current")?, key, None)?;
///
/// let signature = ReceivedSignature::from_text(signature.as_str());
/// let verifier = OpenApiVerifier::new(keys);
/// let proven = verifier.verify(body, signature, 1_796_000_000)?;
/// let hook = NewHook::proven(&proven, HookFacts::new("unreplied"));
/// assert_eq!(hook.bytes(), body);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct NewHook<'a> {
    origin: HookOrigin,
    event: &'static str,
    account: Option<HookAccount>,
    conversation: Option<ConversationKey>,
    key: EntryKey,
    bytes: &'a [u8],
}

impl<'a> NewHook<'a> {
    /// A hook that a verifier proved, with what its event says of itself. It is known by the id
    /// among the facts if there is one, else by the proven bytes.
    #[must_use]
    pub fn proven(hook: &Verified<&'a [u8]>, facts: HookFacts<'_>) -> Self {
        let (proof, bytes) = (*hook.proof(), *hook.get());
        let key = match facts.id {
            Some(id) => EntryKey::of_id(proof.kind, facts.event, facts.account, id),
            None => EntryKey::of_bytes(proof.kind, bytes),
        };
        Self::new(HookOrigin::Proven(proof), key, bytes, facts)
    }

    /// The request of a bot whose token a verifier proved. It is known by its bytes, together with
    /// the id among the facts if there is one. **What stands around the token is not proven.**
    #[must_use]
    pub fn token_proven(token: &Verified<BotToken>, bytes: &'a [u8], facts: HookFacts<'_>) -> Self {
        let proof = *token.proof();
        let request = facts.id.unwrap_or_default().as_bytes();
        let key = EntryKey::of_request(proof.kind.name(), request, bytes);
        Self::new(HookOrigin::TokenProven(proof), key, bytes, facts)
    }

    /// A hook without a proof. It is known by its request: the id of the request if the facts have
    /// one, else `nonce`, which is drawn at random.
    #[must_use]
    pub fn unsigned(
        kind: UnsignedKind,
        bytes: &'a [u8],
        nonce: [u8; 16],
        facts: HookFacts<'_>,
    ) -> Self {
        let request = facts.id.map_or(&nonce[..], str::as_bytes);
        let key = EntryKey::of_request(kind.name(), request, bytes);
        Self::new(HookOrigin::Unsigned(kind), key, bytes, facts)
    }

    /// The same, known by its content alone: for a platform that gives each repeat of a request
    /// another id. **Two changes with equal content are one hook then**, and the second is not
    /// handled: a deletion says no more than which entity, and a stage that a lead enters twice
    /// looks the same twice. Only for handlers that read the entity anew.
    #[must_use]
    pub fn unsigned_by_content(kind: UnsignedKind, bytes: &'a [u8], facts: HookFacts<'_>) -> Self {
        let key = EntryKey::of_content(kind.name(), bytes);
        Self::new(HookOrigin::Unsigned(kind), key, bytes, facts)
    }

    fn new(origin: HookOrigin, key: EntryKey, bytes: &'a [u8], facts: HookFacts<'_>) -> Self {
        let conversation = facts
            .conversation
            .map(|text| ConversationKey::new(origin.name(), facts.account, text));
        Self {
            origin,
            event: facts.event,
            account: facts.account,
            conversation,
            key,
            bytes,
        }
    }

    /// How it came.
    #[must_use]
    pub const fn origin(&self) -> &HookOrigin {
        &self.origin
    }

    /// Which event.
    #[must_use]
    pub const fn event(&self) -> &'static str {
        self.event
    }

    /// Whose it is.
    #[must_use]
    pub const fn account(&self) -> Option<HookAccount> {
        self.account
    }

    /// In whose order it is handled.
    #[must_use]
    pub const fn conversation(&self) -> Option<ConversationKey> {
        self.conversation
    }

    /// What it is known by.
    #[must_use]
    pub const fn key(&self) -> EntryKey {
        self.key
    }

    /// The proven bytes, or the body of a hook that is not proven as a whole.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// Hides the bytes: a body is a person's message.
impl fmt::Debug for NewHook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewHook")
            .field("origin", &self.origin)
            .field("event", &self.event)
            .field("account", &self.account)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
