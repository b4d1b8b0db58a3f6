//! Moving a grant to another store. A single-use token must never be in two stores: the source is
//! sealed, durably, before its content is returned.

use kommo_keeper::{LifeboatPort as _, Written};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    DisconnectReason, Generation, Grant, GrantEvent, GrantKey, GrantState, LongLived, LongLivedEnd,
    PairNumber, Revision,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::StoreFault;
use crate::lifeboat::Lifeboat;
use crate::sealing::hash_text::{hash_text, hex_text, pair_hash};
use crate::sealing::sealer::AssociatedData;
use crate::sealing::versioned::read_record;

use super::{Store, StoreLock};

const VERSION: u64 = 1;
const KIND: &str = "kommo-grant";

/// Under the lock only a write without a lock, such as of a hold, comes between.
const CONFLICTS_AT_MOST: u32 = 10;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportEnvelope {
    kind: String,
    v: u64,
    key: String,
    generation: u64,
    record: String,
}

impl Drop for ExportEnvelope {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.record);
    }
}

impl Store {
    /// Returns a grant as JSON for [`import`](Self::import) of another store, and ends it here.
    /// Encrypted if this store is; the other needs the same key to read it. Without encryption the
    /// JSON has the tokens in it.
    ///
    /// It works under the grant's lock, and its end is durable before this returns: the grant is no
    /// longer refreshed here. If the text is lost before it reached the other store,
    /// [`export_again`](Self::export_again) returns it again.
    ///
    /// Name the lifeboats that the workers of this machine use: the newest pair may be there, and
    /// would be left there. Lifeboats of other machines are not seen; export there, or after a
    /// refresh has succeeded.
    ///
    /// # Errors
    ///
    /// - a refresh is under way: [`StoreFault::Locked`]; no such grant: [`StoreFault::NoGrant`]; a
    ///   grant that has ended: [`StoreFault::WrongState`];
    /// - a pair of this grant is in a lifeboat: [`StoreFault::UnsavedPair`]; nothing was changed. A
    ///   lifeboat that cannot be read is an error too.
    pub async fn export_sealed(
        &self,
        key: &GrantKey,
        at: UnixSeconds,
        lifeboats: &[Lifeboat],
    ) -> Result<Zeroizing<String>, StoreFault> {
        let mut lock = self.locked(key).await?;
        let text = match nothing_unsaved(key, lifeboats).await {
            Ok(()) => self.end_and_pack(&mut lock, key, at).await,
            Err(unsaved) => Err(unsaved),
        };
        self.database.unlock(lock.0).await?;
        text
    }

    async fn locked(&self, key: &GrantKey) -> Result<StoreLock, StoreFault> {
        let lock = self.lock(key).await?;
        lock.ok_or(StoreFault::Locked {
            key: Box::new(*key),
        })
    }

    async fn end_and_pack(
        &self,
        lock: &mut StoreLock,
        key: &GrantKey,
        at: UnixSeconds,
    ) -> Result<Zeroizing<String>, StoreFault> {
        for _ in 0..CONFLICTS_AT_MOST {
            let grant = self.present(key).await?.take_over(at);
            let text = self.pack(&grant)?;
            let state = grant.state.name();
            let Some(moved) = grant.disconnect(DisconnectReason::Exported, at) else {
                return Err(StoreFault::WrongState {
                    key: Box::new(*key),
                    state,
                });
            };
            let written = self.put(Some(lock), &moved.grant, moved.event, at).await?;
            if let Written::Confirmed(_) = written {
                return Ok(text);
            }
        }
        Err(StoreFault::Contended {
            key: Box::new(*key),
        })
    }

    /// Returns an exported grant again, from the tokens that are sealed here. Only if the first
    /// text never reached another store: otherwise one token is in two stores, and one of them
    /// loses the account. A store that has imported the first text refuses this one
    /// ([`StoreFault::ImportedBefore`]), whatever happened to the grant there; a third store cannot
    /// know of it.
    ///
    /// # Errors
    ///
    /// A grant that is here, or that has ended for another reason: [`StoreFault::WrongState`].
    pub async fn export_again(
        &self,
        key: &GrantKey,
        at: UnixSeconds,
    ) -> Result<Zeroizing<String>, StoreFault> {
        let grant = self.present(key).await?;
        match &grant.state {
            GrantState::Disconnected(over) if over.reason == DisconnectReason::Exported => {
                self.pack(&reopened(&grant, at))
            }
            GrantState::LongLived(token)
                if token.ended == Some(LongLivedEnd::Over(DisconnectReason::Exported)) =>
            {
                let mut open = grant.clone();
                open.state = GrantState::LongLived(unsealed(token.clone()));
                self.pack(&open)
            }
            state => Err(StoreFault::WrongState {
                key: Box::new(*key),
                state: state.name(),
            }),
        }
    }

    /// Takes a grant that [`export_sealed`](Self::export_sealed) returned. A grant of the same key
    /// that has ended is replaced, with a later generation than either had.
    ///
    /// # Errors
    ///
    /// - no such JSON: [`StoreFault::Damaged`]; of a newer program: [`StoreFault::NewerRecord`];
    ///   sealed with a key that is not in the ring: [`StoreFault::WrongKey`];
    /// - a usable grant of this key: [`StoreFault::WrongState`];
    /// - an export with the same refresh token was imported here before:
    ///   [`StoreFault::ImportedBefore`].
    pub async fn import(&self, text: &str, at: UnixSeconds) -> Result<GrantKey, StoreFault> {
        let grant = self.unpack(text)?;
        let key = grant.key;
        let mut lock = self.locked(&key).await?;
        let done = self.settle_in(&mut lock, grant, at).await;
        self.database.unlock(lock.0).await?;
        done.map(|()| key)
    }

    async fn settle_in(
        &self,
        lock: &mut StoreLock,
        grant: Grant,
        at: UnixSeconds,
    ) -> Result<(), StoreFault> {
        let import_hash = import_hash(&grant);
        let mut grant = grant.take_over(at);
        let mut generation = grant.generation;
        for _ in 0..CONFLICTS_AT_MOST {
            let there = self.get(&grant.key).await?;
            if let Some(there) = there.as_ref().filter(|there| is_living(there)) {
                return Err(StoreFault::WrongState {
                    key: Box::new(grant.key),
                    state: there.state.name(),
                });
            }
            // A grant that came and went, and comes back from where it went to, has a later
            // generation than it had here.
            if let Some(hash) = &import_hash
                && there
                    .as_ref()
                    .is_some_and(|there| there.generation >= generation)
                && self.database.is_imported(hash).await?
            {
                return Err(StoreFault::ImportedBefore {
                    key: Box::new(grant.key),
                });
            }
            let known = there.as_ref().map_or(generation, |there| there.generation);
            grant.generation = generation.max(known).next();
            grant.revision = there.map_or(Revision::NOT_STORED, |there| there.revision);
            let written = self
                .put_imported(
                    Some(&mut *lock),
                    &grant,
                    GrantEvent::Imported,
                    at,
                    import_hash.as_deref(),
                )
                .await?;
            match written {
                Written::Confirmed(_) => return Ok(()),
                Written::BeginAfter(last) => {
                    grant = grant.begin_after(last);
                    generation = grant.generation;
                }
                _ => {}
            }
        }
        Err(StoreFault::Contended {
            key: Box::new(grant.key),
        })
    }

    async fn present(&self, key: &GrantKey) -> Result<Grant, StoreFault> {
        let grant = self.get(key).await?;
        grant.ok_or(StoreFault::NoGrant {
            key: Box::new(*key),
        })
    }

    fn pack(&self, grant: &Grant) -> Result<Zeroizing<String>, StoreFault> {
        let key = grant.key.to_string();
        let generation = grant.generation.get();
        let sealed = self
            .sealer
            .seal(export_data(&key, generation), &grant.to_stored())?;
        let sealed = Zeroizing::new(sealed);
        let envelope = ExportEnvelope {
            kind: KIND.to_owned(),
            v: VERSION,
            generation,
            record: hex_text(&sealed),
            key,
        };
        serde_json::to_string(&envelope)
            .map(Zeroizing::new)
            .map_err(|_| StoreFault::damaged(&envelope.key, "cannot be written as JSON"))
    }

    fn unpack(&self, text: &str) -> Result<Grant, StoreFault> {
        let damaged = |what| StoreFault::damaged("to be imported", what);
        let envelope: ExportEnvelope = read_record("to be imported", text.as_bytes(), VERSION)?;
        if envelope.kind != KIND {
            return Err(damaged("kind"));
        }
        let key = GrantKey::parse(&envelope.key).map_err(|_| damaged("key"))?;
        let sealed = bytes_of_hex(&envelope.record).ok_or_else(|| damaged("record"))?;
        let plain = self
            .sealer
            .open(export_data(&envelope.key, envelope.generation), &sealed)?;
        let grant =
            Grant::from_stored(&key, &plain).map_err(|error| StoreFault::of_record(key, error))?;
        match is_living(&grant) {
            true => Ok(grant),
            false => Err(StoreFault::WrongState {
                key: Box::new(key),
                state: grant.state.name(),
            }),
        }
    }
}

async fn nothing_unsaved(key: &GrantKey, lifeboats: &[Lifeboat]) -> Result<(), StoreFault> {
    for lifeboat in lifeboats {
        if lifeboat.read(key).await?.is_some() {
            return Err(StoreFault::UnsavedPair {
                key: Box::new(*key),
            });
        }
    }
    Ok(())
}

/// The same for every export of one newest pair. A long-lived token is not used up, so it may be
/// imported as often as it is exported.
fn import_hash(grant: &Grant) -> Option<String> {
    let newest = &grant.state.pairs()?.newest().pair;
    let key = grant.key.to_string();
    Some(hash_text(
        "kommo-store import",
        &[&key, &pair_hash(&newest.refresh_token)],
    ))
}

const fn export_data(key: &str, generation: u64) -> AssociatedData<'_> {
    AssociatedData {
        purpose: "export",
        name: key,
        generation,
    }
}

fn is_living(grant: &Grant) -> bool {
    match &grant.state {
        GrantState::Disconnected(_) => false,
        GrantState::LongLived(token) => token.ended.is_none(),
        // Its tokens are proven dead: an import may replace it.
        GrantState::ReauthRequired(_) => false,
        _ => true,
    }
}

/// A long-lived token as it was before it was exported.
fn unsealed(mut token: LongLived) -> LongLived {
    token.ended = None;
    token
}

/// An exported grant as it was: its newest pair, and every spare that was not refused.
fn reopened(grant: &Grant, at: UnixSeconds) -> Grant {
    let Some(pairs) = grant.state.pairs() else {
        return grant.clone();
    };
    let newest = pairs.newest().pair.clone();
    let mut open = Grant::consent(None, grant.key, grant.host, grant.is_admin, newest).grant;
    // An attempt of an earlier generation (the fence): its pair becomes a spare.
    let earlier = Generation::new(0);
    for spare in pairs.spares().iter().filter(|spare| !spare.refused) {
        let before = open.clone();
        let received = open.receive(earlier, PairNumber::FIRST, spare.pair.clone(), at);
        open = received.map_or(before, |(moved, _)| moved.grant);
    }
    if pairs.access_rejected() {
        let before = open.clone();
        let generation = open.generation;
        open = open
            .reject_access(generation)
            .map_or(before, |moved| moved.grant);
    }
    open.generation = grant.generation;
    open
}

fn bytes_of_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for pair in digits.chunks_exact(2) {
        let value = pair.iter().try_fold(0_u8, |value, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            Some(value << 4 | u8::try_from(digit).ok()?)
        })?;
        bytes.push(value);
    }
    Some(bytes)
}
