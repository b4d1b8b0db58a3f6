//! Client secrets of integrations that were created on the fly, and which key matched last.

use core::time::Duration;

use kommo_account::ClientId;
use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::ClientSecret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::StoreFault;
use crate::records::grant_record::{instant, number};
use crate::records::rows::{KeyUseRow, SecretPut, SecretRoom};
use crate::records::summaries::KeyUse;
use crate::sealing::hash_text::hash_text;
use crate::sealing::sealer::AssociatedData;
use crate::sealing::versioned::read_record;

use super::{Store, milliseconds};

const VERSION: u64 = 1;

/// How long the state of an attempt is remembered beside the secret that another one brought:
/// longer than attempts last.
const STATES_FOR: Duration = Duration::from_secs(2 * 20 * 60);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretRecord {
    v: u64,
    client_id: String,
    secret: String,
}

impl Drop for SecretRecord {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

pub(super) const fn secret_data(state_hash: &str) -> AssociatedData<'_> {
    AssociatedData {
        purpose: "secret",
        name: state_hash,
        generation: 0,
    }
}

impl Store {
    /// Keeps the client secret that the platform sent to a `secrets_uri` for this `state`, durably
    /// before it returns. The `state` is kept as a hash.
    ///
    /// `true`: this secret is kept, from now on or from before. `false`: this `state` brought
    /// another secret before; nothing was changed. The first secret of an integration stays: the
    /// request is unsigned, so otherwise a user with a valid `state` could replace the secret of
    /// another user's integration.
    ///
    /// Source: reference text of the vendor's button script; one `state` counts once because the
    /// request is unsigned.
    ///
    /// # Errors
    ///
    /// - a store without an encryption key: [`StoreFault::Misconfigured`];
    /// - another secret of this integration is kept: [`StoreFault::SecretThere`]; nothing was
    ///   changed;
    /// - as many secrets as [`max_unclaimed_secrets`](crate::StoreSettings::max_unclaimed_secrets)
    ///   belong to integrations without a grant: [`StoreFault::SecretsFull`]; nothing was changed.
    pub async fn put_integration_secret(
        &self,
        state: &str,
        client_id: &ClientId,
        secret: &ClientSecret,
        _: UnixSeconds,
    ) -> Result<bool, StoreFault> {
        if !self.sealer.encrypts() {
            return Err(StoreFault::misconfigured(
                "a store without an encryption key accepts no integration secret",
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
        let sealed = self.sealer.seal(secret_data(&state_hash), &json)?;
        let room = self.secret_room();
        let put = self
            .database
            .put_secret(&state_hash, client_id.as_str(), &sealed, &room)
            .await?;
        match put {
            SecretPut::Kept => return Ok(true),
            SecretPut::Full => {
                return Err(StoreFault::SecretsFull {
                    most: self.settings.max_unclaimed_secrets,
                });
            }
            SecretPut::NotNew => {}
        }
        match self.kept_secret(client_id).await? {
            Some((name, kept)) if is_same(&kept, secret) => {
                if name == state_hash {
                    return Ok(true);
                }
                self.database
                    .bind_state(&state_hash, client_id.as_str(), &room)
                    .await
            }
            Some((name, _)) if name != state_hash => Err(StoreFault::SecretThere {
                client_id: client_id.to_string(),
            }),
            _ => Ok(false),
        }
    }

    fn secret_room(&self) -> SecretRoom {
        SecretRoom {
            life: milliseconds(self.settings.unclaimed_secret_life),
            state_life: milliseconds(STATES_FOR),
            most: i64::from(self.settings.max_unclaimed_secrets),
        }
    }

    /// Removes the secrets that are older than
    /// [`unclaimed_secret_life`](crate::StoreSettings::unclaimed_secret_life), by the database's
    /// clock, and whose integration never had a grant. Returns their number. Each secret that is
    /// put does the same first.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn expire_secrets(&self) -> Result<u64, StoreFault> {
        self.database.expire_secrets(&self.secret_room()).await
    }

    /// How many secrets are stored whose integration has no grant.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn unclaimed_secrets(&self) -> Result<u64, StoreFault> {
        self.database.unclaimed_secrets().await
    }

    /// The client secret of an integration: the first that came.
    ///
    /// # Errors
    ///
    /// A record that cannot be opened or read: [`StoreFault::WrongKey`], [`StoreFault::Damaged`].
    pub async fn integration_secret(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<ClientSecret>, StoreFault> {
        let kept = self.kept_secret(client_id).await?;
        Ok(kept.map(|(_, secret)| secret))
    }

    /// Which integration's secret came for this `state`. States beside the one that brought the
    /// secret first are forgotten after 40 minutes.
    ///
    /// # Errors
    ///
    /// The database's; a client id that cannot be read is [`StoreFault::Damaged`].
    pub async fn integration_of_state(&self, state: &str) -> Result<Option<ClientId>, StoreFault> {
        let state_hash = hash_text("kommo-store state", &[state]);
        let found = self.database.client_of_state(&state_hash).await?;
        let parsed = found.map(|text| ClientId::parse(&text)).transpose();
        parsed.map_err(|_| StoreFault::damaged(&state_hash, "column client_id"))
    }

    /// Removes the secret of an integration: the integration has ended, or its first secret was
    /// forged. `false`: there was no secret. The states that brought it stay used up while they are
    /// valid, so they cannot bring it back; a new attempt may bring another.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn forget_integration_secret(
        &self,
        client_id: &ClientId,
    ) -> Result<bool, StoreFault> {
        self.database.forget_secret(client_id.as_str()).await
    }

    /// With the hash of the state that brought it.
    async fn kept_secret(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<(String, ClientSecret)>, StoreFault> {
        let Some(row) = self.database.secret(client_id.as_str()).await? else {
            return Ok(None);
        };
        let name = row.state_hash;
        let json = self.sealer.open(secret_data(&name), &row.record)?;
        let damaged = |what| StoreFault::damaged(&name, what);
        let record: SecretRecord = read_record(&name, &json, VERSION)?;
        if record.client_id != client_id.as_str() {
            return Err(damaged("columns"));
        }
        let secret = ClientSecret::new(record.secret.as_str()).map_err(|_| damaged("secret"))?;
        Ok(Some((name, secret)))
    }

    /// Notes that a key proved something. `purpose` is the caller's word, `key_id` names the key
    /// and is not secret. An instant earlier than the stored one changes nothing.
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
        self.database
            .note_key_use(purpose, key_id, number(at.get()))
            .await
    }

    /// When which key proved something last.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn key_uses(&self) -> Result<Vec<KeyUse>, StoreFault> {
        let rows = self.database.key_uses().await?;
        let key_use = |row: KeyUseRow| {
            let used_at = instant("of key uses", "column used_at", row.used_at)?;
            Ok(KeyUse {
                purpose: row.purpose,
                key_id: row.key_id,
                used_at,
            })
        };
        rows.into_iter().map(key_use).collect()
    }
}

/// Compares hashes, so that the time it takes reveals nothing of the stored one.
fn is_same(kept: &ClientSecret, other: &ClientSecret) -> bool {
    let hash = |secret: &ClientSecret| hash_text("kommo-store same", &[secret.expose_secret()]);
    hash(kept) == hash(other)
}
