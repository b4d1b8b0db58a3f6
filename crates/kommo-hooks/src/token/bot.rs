//! The verifier of a bot's token: HS512, in the field `token` of a `widget_request`.

use alloc::string::String;
use core::fmt;

use kommo_account::{AccountHost, AccountId, ClientId};
use kommo_sign::{JwsAlgorithm, JwsKey, KeyRing};
use serde::Deserialize;

use crate::refusal::Refusal;
use crate::token::claims::{CommonClaims, Number, NumberOrWord};
use crate::token::jwt::{self, audience_is};
use crate::verified::{HookKind, Verified};

/// What a bot runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BotEntity {
    /// A contact (1).
    Contact,
    /// A lead (2).
    Lead,
    /// A customer (12).
    Customer,
    /// A number that is not documented.
    Other(u64),
}

/// Which bot asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BotType {
    /// `salesbot`
    Salesbot,
    /// `marketingbot`
    Marketingbot,
}

/// A bot's request, as far as it is proven: neither `data` nor `return_url` is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BotToken {
    /// The address of the account (`iss`).
    pub account_host: AccountHost,
    /// The account.
    pub account_id: AccountId,
    /// What the bot runs on, and its id, where the token names them.
    pub entity: Option<(BotEntity, u64)>,
    /// Which bot, where the token names it.
    pub bot_type: Option<BotType>,
    /// When it ends, Unix seconds, without the leeway.
    pub expires_at: u64,
}

#[derive(Deserialize)]
struct BotClaims {
    #[serde(default)]
    entity_id: Option<Number>,
    #[serde(default)]
    entity_type: Option<NumberOrWord>,
    #[serde(default)]
    bot_type: Option<String>,
}

/// Proves bot tokens of one integration.
///
/// Only HS512 is admitted, which the vendor's code and live tokens use. One secondary note says
/// HS256: [`admit_hs256`](Self::admit_hs256) is the switch.
///
/// Source: rules J2 to J8 and J10 of `docs/protocol.md`.
pub struct BotTokenVerifier<const KEYS: usize = 4> {
    client_id: ClientId,
    keys: KeyRing<JwsKey, KEYS>,
    hs256_keys: Option<KeyRing<JwsKey, KEYS>>,
    receiver: Option<String>,
}

impl<const KEYS: usize> BotTokenVerifier<KEYS> {
    /// A verifier for an integration. The keys are of HS512.
    #[must_use]
    pub const fn new(client_id: ClientId, keys: KeyRing<JwsKey, KEYS>) -> Self {
        Self {
            client_id,
            keys,
            hs256_keys: None,
            receiver: None,
        }
    }

    /// Admits HS256 too, with these keys.
    #[must_use]
    pub fn admit_hs256(mut self, keys: KeyRing<JwsKey, KEYS>) -> Self {
        self.hs256_keys = Some(keys);
        self
    }

    /// Compares `aud` with scheme and host of our own address. Without it `aud` is not checked.
    #[must_use]
    pub fn for_receiver(mut self, address: &str) -> Self {
        self.receiver = Some(address.into());
        self
    }

    /// The keys of HS512, for a rotation.
    pub const fn keys_mut(&mut self) -> &mut KeyRing<JwsKey, KEYS> {
        &mut self.keys
    }

    /// The verdict on a token. `now` in Unix seconds; 60 seconds of leeway on every time.
    ///
    /// # Errors
    ///
    /// As those of [`WidgetTokenVerifier::verify`](crate::WidgetTokenVerifier::verify), but for the
    /// lifetime, which is not bounded.
    pub fn verify(&self, token: &str, now: u64) -> Result<Verified<BotToken>, Refusal> {
        let first = jwt::prove(&self.keys, JwsAlgorithm::Hs512, token, now);
        let proven = match (first, &self.hs256_keys) {
            (Err(Refusal::NotProven | Refusal::NoLiveKey), Some(keys)) => {
                jwt::prove(keys, JwsAlgorithm::Hs256, token, now)?
            }
            (first, _) => first?,
        };
        let common: CommonClaims = proven.claims()?;
        let own: BotClaims = proven.claims()?;
        let checked = jwt::check(&common, &self.client_id, now)?;
        if let Some(receiver) = &self.receiver
            && !audience_is(common.aud.as_deref(), receiver)
        {
            return Err(Refusal::OtherAudience);
        }
        let token = BotToken {
            account_host: checked.account_host,
            account_id: checked.account_id,
            entity: own.entity()?,
            bot_type: own.bot_type()?,
            expires_at: checked.expires_at,
        };
        Ok(Verified::new(token, HookKind::BotToken, proven.key_id, now))
    }
}

impl BotClaims {
    /// Live tokens have `entity_type` as a number, as its digits or as a word.
    fn entity(&self) -> Result<Option<(BotEntity, u64)>, Refusal> {
        let (Some(kind), Some(id)) = (&self.entity_type, self.entity_id) else {
            return Ok(None);
        };
        let entity = match kind {
            NumberOrWord::Number(1) => BotEntity::Contact,
            NumberOrWord::Number(2) => BotEntity::Lead,
            NumberOrWord::Number(12) => BotEntity::Customer,
            NumberOrWord::Number(other) => BotEntity::Other(*other),
            NumberOrWord::Word(word) => match word.as_str() {
                "contact" | "contacts" => BotEntity::Contact,
                "lead" | "leads" => BotEntity::Lead,
                "customer" | "customers" => BotEntity::Customer,
                _ => return Err(Refusal::ClaimsMalformed),
            },
        };
        Ok(Some((entity, id.0)))
    }

    fn bot_type(&self) -> Result<Option<BotType>, Refusal> {
        match self.bot_type.as_deref() {
            None => Ok(None),
            Some("salesbot") => Ok(Some(BotType::Salesbot)),
            Some("marketingbot") => Ok(Some(BotType::Marketingbot)),
            Some(_) => Err(Refusal::ClaimsMalformed),
        }
    }
}

impl<const KEYS: usize> fmt::Debug for BotTokenVerifier<KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotTokenVerifier")
            .field("client_id", &self.client_id)
            .field("keys", &self.keys)
            .field("hs256", &self.hs256_keys.is_some())
            .finish_non_exhaustive()
    }
}
