//! Which secret proved something last, and when: a line in the store beside the grants. A proof
//! needs no store and no network, so this program notes one only in a file that is there already;
//! routes that share the store note theirs in either database.

use kommo_oauth::UnixSeconds;
use kommo_store::KeyUse;
use sha2::{Digest, Sha256};

use crate::failure::exit::Failure;
use crate::input::secret_source::SecretSource;
use crate::keeper::store_place::{StoreArgs, StorePlace};
use crate::keeper::stores;
use crate::profile::content::SecretKind;
use crate::run::context::Context;
use crate::run::runtime::runtime;
use crate::time::clock;

/// The name of a secret: eight hex digits of a hash, which reveal nothing of it and stay the same
/// wherever it is stored.
pub(crate) fn id_of(kind: SecretKind, source: &SecretSource) -> Result<String, Failure> {
    let secret = source.read()?;
    let mut hash = Sha256::new();
    hash.update(b"kommo-cli secret id\0");
    hash.update(kind.name());
    hash.update([0]);
    hash.update(secret.expose());
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    Ok(format!("{:08x}", u32::from_be_bytes([a, b, c, d])))
}

/// Notes a proof. A failure is reported with `--verbose` alone, and changes no verdict.
pub(crate) fn note(
    kind: SecretKind,
    purpose: &'static str,
    source: &SecretSource,
    context: &Context,
) {
    let noted = try_note(kind, purpose, source, context);
    if let Err(failure) = noted {
        let message = failure.message();
        context
            .output
            .detail(&format!("not noted which secret matched: {message}"));
    }
}

fn try_note(
    kind: SecretKind,
    purpose: &'static str,
    source: &SecretSource,
    context: &Context,
) -> Result<(), Failure> {
    let Some(place) = file_that_is_there(context)? else {
        return Ok(());
    };
    let id = id_of(kind, source)?;
    let now = UnixSeconds::new(clock::unix_now()?);
    runtime()?.block_on(async {
        let store = stores::open(&place, None).await?;
        let noted = store.note_key_use(purpose, &id, now).await;
        stores::close(&store).await;
        noted.map_err(|error| stores::failure(&error))
    })
}

/// Every note there is, from a store that is there; nothing is made or changed.
pub(crate) fn all(context: &Context) -> Result<Vec<KeyUse>, Failure> {
    let place = StoreArgs::unsaid().place(context)?;
    runtime()?.block_on(async {
        let Some(store) = stores::look(&place, None).await? else {
            return Ok(Vec::new());
        };
        let uses = store.key_uses().await;
        stores::close(&store).await;
        uses.map_err(|error| stores::failure(&error))
    })
}

fn file_that_is_there(context: &Context) -> Result<Option<StorePlace>, Failure> {
    Ok(match StoreArgs::unsaid().place(context)? {
        StorePlace::Sqlite(path) if path.exists() => Some(StorePlace::Sqlite(path)),
        _ => None,
    })
}
