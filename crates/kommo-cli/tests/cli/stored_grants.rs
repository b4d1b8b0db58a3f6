//! A store of the real platform's grants, made by the test itself: nothing of it ever reaches the
//! platform.

use core::time::Duration;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use kommo_keeper::{GrantStore, Written};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Hold, HoldKind, HoldScope, Transition};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};
use kommo_store::{Store, StoreSettings};
use tokio::runtime::Builder;

use crate::program::Room;

const DAY: Duration = Duration::from_secs(86_400);

/// Where the program looks if nothing else is said.
pub(crate) fn database(room: &Room) -> PathBuf {
    room.path().join(".local/share/kommo/grants.db")
}

#[allow(
    clippy::disallowed_methods,
    reason = "the program under test lives by the wall clock"
)]
pub(crate) fn now() -> UnixSeconds {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    UnixSeconds::new(since.as_secs())
}

/// A grant of a user of an account, with a pair of this minute.
pub(crate) fn active(key: &str, host: &str) -> Transition {
    let key = GrantKey::parse(key).unwrap();
    let pair = TokenPair::new(
        AccessToken::new("MARKER-access").unwrap(),
        RefreshToken::new("MARKER-refresh").unwrap(),
        now(),
        now().plus(DAY),
    );
    Grant::consent(None, key, host.parse().unwrap(), Some(true), pair)
}

/// A grant that nothing is sent with today, whoever asks.
pub(crate) fn held(key: &str, host: &str) -> Transition {
    let hold = Hold::new(HoldKind::Throttled, HoldScope::Grant, now(), DAY);
    active(key, host).grant.hold(hold)
}

/// Keeps them where the program looks.
pub(crate) fn keep(room: &Room, grants: &[Transition]) {
    let path = database(room);
    let directory = path.parent().unwrap();
    std::fs::create_dir_all(directory).unwrap();
    std::fs::set_permissions(directory, PermissionsExt::from_mode(0o700)).unwrap();
    keep_at(&path, grants);
}

/// Keeps them in this file, whose directory is there.
pub(crate) fn keep_at(path: &Path, grants: &[Transition]) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(path, StoreSettings::new()).await.unwrap();
        for grant in grants {
            let written = store.write(None, grant, now()).await.unwrap();
            assert!(matches!(written, Written::Confirmed(_)));
        }
        store.close().await;
    });
}
