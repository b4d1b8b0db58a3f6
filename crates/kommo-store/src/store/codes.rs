//! Codes between their arrival and their exchange: `PendingCodes`.

use core::time::Duration;

use kommo_account::{AccountHost, ClientId, Realm};
use kommo_keeper::{ClaimedCode, CodeEnd, CodeOrigin, CodePut, PendingCode, PendingCodes};
use kommo_oauth::UnixSeconds;
use kommo_oauth::refresh::CODE_LIFETIME;
use kommo_oauth::token::TokenPair;

use crate::error::StoreFault;
use crate::records::code_record::{
    from_columns, open_answer, seal_answer, to_code_line, to_columns,
};
use crate::records::rows::{AnswerKept, ClaimedRow, CodeClaim, CodeRoom, OfIntegration};
use crate::records::summaries::CodeLine;
use crate::sealing::hash_text::pair_hash;

use super::{Store, lease_milliseconds, lease_token, milliseconds, readable};

/// How long the hash of an erased code stays: an exchange that began in the code's last second has
/// ended by then. A code that waited in vain stays as long, to be counted.
const KEPT_AT_MOST: Duration = Duration::from_secs(2 * 20 * 60);

/// The longest note on a code, in characters.
const WHY_AT_MOST: usize = 64;

/// Which codes are claimed.
#[derive(Clone, Copy)]
enum Which<'a> {
    All,
    Consents,
    /// The one with this hash.
    One(&'a str),
}

/// Ages are computed by the database's clock and not by those of the callers: a caller's clock far
/// ahead would end the codes of all others.
impl PendingCodes for Store {
    type Error = StoreFault;

    async fn put_code(&self, pending: &PendingCode) -> Result<CodePut, StoreFault> {
        let columns = to_columns(&self.sealer, pending)?;
        let most_of_origin = match pending.origin {
            CodeOrigin::InstallHook => self.settings.max_hook_codes(),
            CodeOrigin::UnboundRedirect => self.settings.max_unbound_codes(),
            _ => self.settings.max_codes,
        };
        let room = CodeRoom {
            life: milliseconds(CODE_LIFETIME),
            last_life: milliseconds(KEPT_AT_MOST),
            most: i64::from(self.settings.max_codes),
            most_of_origin: i64::from(most_of_origin),
            most_of_host: i64::from(self.settings.max_codes_per_host),
        };
        self.database.put_code(&columns, &room).await
    }

    async fn expire_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        _: UnixSeconds,
    ) -> Result<u64, StoreFault> {
        let of = OfIntegration::new(realm, client_id);
        self.database
            .expire_codes(&of, milliseconds(CODE_LIFETIME))
            .await
    }

    async fn claim_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        _: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        self.claim(realm, client_id, limit, lease, Which::All).await
    }

    async fn claim_consents(
        &self,
        realm: Realm,
        client_id: &ClientId,
        _: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        self.claim(realm, client_id, limit, lease, Which::Consents)
            .await
    }

    async fn lift_code_pauses(
        &self,
        realm: Realm,
        client_id: &ClientId,
        host: Option<AccountHost>,
    ) -> Result<u64, StoreFault> {
        let of = OfIntegration::new(realm, client_id);
        let host = host.as_ref().map(AccountHost::as_str);
        self.database.lift_code_pauses(&of, host).await
    }

    async fn claim_code(
        &self,
        pending: &PendingCode,
        _: UnixSeconds,
        lease: Duration,
    ) -> Result<Option<ClaimedCode>, StoreFault> {
        let hash = to_columns(&self.sealer, pending)?.hash;
        let (realm, client_id) = (pending.realm, &pending.client_id);
        let claimed = self.claim(realm, client_id, 1, lease, Which::One(&hash));
        Ok(claimed.await?.pop())
    }

    async fn note_code(&self, claimed: &ClaimedCode, why: &str) -> Result<(), StoreFault> {
        let why: String = why.chars().take(WHY_AT_MOST).collect();
        let token = claimed.token.to_be_bytes();
        self.database.note_code(claimed.id, &token, &why).await
    }

    /// Keeping the same pair again changes nothing, so a keeper that does not know whether it was
    /// kept may ask again. A row that was removed meanwhile, because the code grew older than 20
    /// minutes, is inserted again: the pair must not be lost. If an erasure removed it, the pair is
    /// not kept.
    async fn keep_answer(&self, claimed: &ClaimedCode, pair: &TokenPair) -> Result<(), StoreFault> {
        let code = to_columns(&self.sealer, &claimed.pending)?;
        let answer = seal_answer(&self.sealer, &code.hash, pair)?;
        let columns = ClaimedRow {
            id: claimed.id,
            claims: i64::from(claimed.earlier_claims) + 1,
            tries: i64::from(claimed.earlier_tries) + 1,
            answer: Some(answer),
            pair_hash: Some(pair_hash(&pair.refresh_token)),
            code,
        };
        let token = claimed.token.to_be_bytes();
        match self.database.keep_answer(&columns, &token).await? {
            AnswerKept::Kept => Ok(()),
            AnswerKept::Another => Err(StoreFault::AnswerThere {
                record: columns.code.hash,
            }),
            AnswerKept::Erased => Err(StoreFault::Erased {
                record: columns.code.hash,
            }),
        }
    }

    async fn settle_code(&self, claimed: &ClaimedCode, end: CodeEnd) -> Result<(), StoreFault> {
        match end {
            CodeEnd::Exchanged | CodeEnd::Refused => {
                self.database
                    .end_code(
                        claimed.id,
                        &claimed.token.to_be_bytes(),
                        end == CodeEnd::Exchanged,
                    )
                    .await
            }
            CodeEnd::WrongAccount => {
                let token = claimed.token.to_be_bytes();
                self.database.forget_code(claimed.id, &token).await
            }
            CodeEnd::NoEffect => {
                let token = claimed.token.to_be_bytes();
                self.database.uncount_claim(claimed.id, &token).await
            }
            CodeEnd::Later { pause, counts } => {
                let token = claimed.token.to_be_bytes();
                let pause = lease_milliseconds(pause);
                self.database
                    .postpone_code(claimed.id, &token, pause, i64::from(!counts))
                    .await
            }
            // The lease ends by itself.
            _ => Ok(()),
        }
    }
}

impl Store {
    /// The codes that wait for their exchange and the pairs that wait to become grants, the newest
    /// first, at most `limit`. Opens no record, so it works without the encryption key.
    ///
    /// # Errors
    ///
    /// The database's; a column that cannot be read is [`StoreFault::Damaged`].
    pub async fn waiting_codes(
        &self,
        realm: Realm,
        client_id: &ClientId,
        limit: u32,
    ) -> Result<Vec<CodeLine>, StoreFault> {
        let of = OfIntegration::new(realm, client_id);
        let rows = self.database.waiting_codes(&of, i64::from(limit)).await?;
        rows.into_iter().map(to_code_line).collect()
    }

    async fn claim(
        &self,
        realm: Realm,
        client_id: &ClientId,
        limit: u32,
        lease: Duration,
        which: Which<'_>,
    ) -> Result<Vec<ClaimedCode>, StoreFault> {
        let token = lease_token()?;
        let claim = CodeClaim {
            of: &OfIntegration::new(realm, client_id),
            life: milliseconds(CODE_LIFETIME),
            limit: i64::from(limit),
            lease_milliseconds: lease_milliseconds(lease),
            token: &token.to_be_bytes(),
            with_strangers: !matches!(which, Which::Consents),
            hash: match which {
                Which::One(hash) => Some(hash),
                Which::All | Which::Consents => None,
            },
        };
        let rows = self.database.claim_codes(&claim).await?;
        let claimed = |row: &ClaimedRow| {
            let earlier = |count: i64| u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
            let pending = from_columns(&self.sealer, realm, &row.code)?;
            let mut claim = ClaimedCode::new(row.id, token, earlier(row.claims), pending)
                .with_earlier_tries(earlier(row.tries));
            if let Some(answer) = &row.answer {
                claim.answer = Some(open_answer(&self.sealer, &row.code.hash, answer)?);
            }
            Ok(claim)
        };
        readable(rows.iter().map(claimed).collect())
    }
}
