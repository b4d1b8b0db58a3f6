//! Client secrets of integrations that were created on the fly, and which key matched last.

use kommo_account::ClientId;
use kommo_oauth::{ClientSecret, UnixSeconds};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::backend::Backend;
use crate::code_columns::hash_text;
use crate::error::StoreFault;
use crate::grant_columns::{instant, number};
use crate::history::KeyUse;
use crate::sealed::Place;

use super::Store;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretRecord {
    v: u32,
    client_id: String,
    secret: String,
}

impl Drop for SecretRecord {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

pub(super) const fn secret_place(state_hash: &str) -> Place<'_> {
    Place {
        purpose: "secret",
        name: state_hash,
        generation: 0,
    }
}

impl<B: Backend> Store<B> {
    /// Keeps the client secret that the platform sent to a `secrets_uri` for this `state`, durably before it returns. The
    /// `state` is kept as a hash. `false`: this `state` brought a secret before; nothing was changed.
    ///
    /// Source: reference text of the vendor's button script; that the request is unsigned is why one `state` counts once.
    ///
    /// # Errors
    ///
    /// A store without an encryption key: [`StoreFault::Misconfigured`].
    pub async fn put_integration_secret(
        &self,
        state: &str,
        client_id: &ClientId,
        secret: &ClientSecret,
        at: UnixSeconds,
    ) -> Result<bool, StoreFault> {
        if !self.sealer.encrypts() {
            return Err(StoreFault::misconfigured(
                "a store without an encryption key takes no integration secret",
            ));
        }
        let state_hash = hash_text("kommo-store state", &[state]);
        let record = SecretRecord {
            v: VERSION,
            client_id: client_id.to_string(),
            secret: secret.expose_secret().to_owned(),
        };
        let json = serde_json::to_vec(&record)
            .map(Zeroizing::new)
            .map_err(|_| StoreFault::damaged(&state_hash, "cannot be written as JSON"))?;
        let sealed = self.sealer.seal(secret_place(&state_hash), &json)?;
        let at = number(at.get());
        self.backend
            .put_secret(&state_hash, client_id.as_str(), &sealed, at)
            .await
    }

    /// The client secret of an integration, the latest that came.
    ///
    /// # Errors
    ///
    /// A record that cannot be opened or read: [`StoreFault::WrongKey`], [`StoreFault::Damaged`].
    pub async fn integration_secret(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<ClientSecret>, StoreFault> {
        let Some((name, sealed)) = self.backend.secret(client_id.as_str()).await? else {
            return Ok(None);
        };
        let json = self.sealer.open(secret_place(&name), &sealed)?;
        let damaged = |what| StoreFault::damaged(&name, what);
        let record: SecretRecord = serde_json::from_slice(&json).map_err(|_| damaged("fields"))?;
        if record.v != VERSION || record.client_id != client_id.as_str() {
            return Err(damaged("columns"));
        }
        let secret = ClientSecret::new(record.secret.as_str()).map_err(|_| damaged("secret"))?;
        Ok(Some(secret))
    }

    /// Notes that a key proved something. `purpose` is the caller's word, `key_id` names the key and is not secret. An earlier
    /// instant than the one that is kept changes nothing.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn note_key_use(
        &self,
        purpose: &str,
        key_id: &str,
        at: UnixSeconds,
    ) -> Result<(), StoreFault> {
        self.backend
            .note_key_use(purpose, key_id, number(at.get()))
            .await
    }

    /// When which key proved something last.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn key_uses(&self) -> Result<Vec<KeyUse>, StoreFault> {
        let rows = self.backend.key_uses().await?;
        let key_use = |(purpose, key_id, used_at): (String, String, i64)| {
            let used_at = instant("of key uses", "column used_at", used_at)?;
            Ok(KeyUse {
                purpose,
                key_id,
                used_at,
            })
        };
        rows.into_iter().map(key_use).collect()
    }
}
