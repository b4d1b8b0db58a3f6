//! The texts of a pair that is being issued, and the answer that carries them.

use serde_json::{Map, Value};

use crate::clock::Moment;
use crate::error::StartError;
use crate::grants::{GrantKey, NewPair};
use crate::secrets::access_token::{Claims, SigningKey, UnsignedToken};
use crate::secrets::random_text::as_uuid;
use crate::secrets::token_text::{Fingerprint, new_refresh_token, new_token_id};
use crate::state::platform_state::PlatformState;
use crate::wire::own_links::api_domain;

/// A pair before its access token is signed. It has no `Debug`.
pub(crate) struct DraftPair {
    access: UnsignedToken,
    refresh: String,
    moment: Moment,
    lifetime: u64,
    server_time: bool,
}

impl DraftPair {
    /// New texts for this grant.
    pub(crate) fn new(
        state: &PlatformState,
        key: &GrantKey,
        scopes: &[String],
        moment: Moment,
    ) -> Result<Self, StartError> {
        let lifetime = state.oauth.access_lifetime_seconds;
        let told = moment.told;
        Ok(Self {
            access: draft_access(state, key, scopes, told, told.saturating_add(lifetime))?,
            refresh: new_refresh_token()?,
            moment,
            lifetime,
            server_time: state.oauth.server_time,
        })
    }

    /// What the book of grants keeps of it: a client counts `expires_in` from the answer, so a skew
    /// moves no end.
    pub(crate) fn for_the_book(&self) -> NewPair {
        NewPair {
            refresh: Fingerprint::of(&self.refresh),
            access: self.access.fingerprint(),
            now: self.moment.now,
        }
    }

    /// Both texts. Without a key the access token has a random signature; with one this signs, so
    /// it must not be called under the lock.
    pub(crate) fn into_texts(self, key: Option<&SigningKey>) -> Option<(String, String)> {
        let access = match key {
            Some(key) => key.sign(self.access)?,
            None => self.access.with_junk_signature(),
        };
        Some((access, self.refresh))
    }

    /// The fields of the answer in the order of the documentation; signs, so it must not be called
    /// under the lock.
    pub(crate) fn into_fields(
        self,
        key: &SigningKey,
        with_refresh: bool,
    ) -> Option<Map<String, Value>> {
        let mut fields = Map::new();
        fields.insert("token_type".into(), Value::from("Bearer"));
        fields.insert("expires_in".into(), Value::from(self.lifetime));
        if self.server_time {
            fields.insert("server_time".into(), Value::from(self.moment.told));
        }
        fields.insert("access_token".into(), Value::from(key.sign(self.access)?));
        if with_refresh {
            fields.insert("refresh_token".into(), Value::from(self.refresh));
        }
        Some(fields)
    }
}

/// The access token of a grant, unsigned.
pub(crate) fn draft_access(
    state: &PlatformState,
    key: &GrantKey,
    scopes: &[String],
    now: u64,
    expires_at: u64,
) -> Result<UnsignedToken, StartError> {
    let token_id = new_token_id()?;
    let base_domain = state
        .account(key.account)
        .map_or("kommo.com", |account| account.base_domain());
    let usual = api_domain(state.served, base_domain);
    Ok(UnsignedToken::new(&Claims {
        client_id: &key.client_id,
        token_id: &token_id,
        issued_at: now,
        expires_at,
        user: key.user,
        account: key.account,
        base_domain,
        scopes,
        hash_uuid: &as_uuid(&token_id),
        api_domain: state.oauth.api_domain.as_deref().unwrap_or(&usual),
    }))
}
