//! A database of a drive's own, and the means to make it fail.

use std::path::{Path, PathBuf};

use kommo_test_support::PostgresCluster;

use crate::failure::Result;
use crate::silent_proxy::{SilentProxy, address_of};
use crate::small_disk::SmallDisk;
use crate::store_choice::{StoreChoice, drop_database, new_database};
use crate::trouble::{Means, TroubleKind};
use crate::worker_order::StorePlace;

/// The size of the small disk: a log of SQLite's, which grows to four mebibytes, twice over, and
/// the slots of the lifeboat.
const DISK_KIBIBYTES: u64 = 12 * 1024;

/// The size of the small disk of a server: three times what a new one takes.
const SERVER_DISK_KIBIBYTES: u64 = 192 * 1024;

pub(crate) struct FailingPlace {
    /// By which the driver reaches it.
    pub(crate) own: StorePlace,
    /// By which the processes reach it.
    pub(crate) workers: StorePlace,
    /// A private directory, with SQLite on the disk of the store.
    pub(crate) home: PathBuf,
    /// `None`: nothing befalls the database itself.
    pub(crate) means: Option<Means>,
    /// The server that outlives it, and the database there.
    to_drop: Option<(String, String)>,
}

impl FailingPlace {
    /// Makes the database, in this directory or at the server.
    pub(crate) async fn new(
        store: &StoreChoice,
        trouble: Option<TroubleKind>,
        directory: &Path,
    ) -> Result<Self> {
        match store {
            StoreChoice::Sqlite => Self::of_sqlite(trouble, directory),
            StoreChoice::Postgres { url } => Self::of_postgres(url, trouble, directory).await,
        }
    }

    fn of_sqlite(trouble: Option<TroubleKind>, directory: &Path) -> Result<Self> {
        let disk = match trouble {
            Some(TroubleKind::FullDisk) => Some(SmallDisk::mount(DISK_KIBIBYTES)?),
            _ => None,
        };
        let home = match &disk {
            Some(disk) => disk.private_directory()?,
            None => directory.to_owned(),
        };
        let store = home.join("store.sqlite");
        let place = StorePlace::Sqlite(store.clone());
        Ok(Self {
            own: place.clone(),
            workers: place,
            home,
            means: disk.map(|disk| Means::Disk { disk, store }),
            to_drop: None,
        })
    }

    async fn of_postgres(
        server: &str,
        trouble: Option<TroubleKind>,
        directory: &Path,
    ) -> Result<Self> {
        let disk = match trouble {
            Some(TroubleKind::FullDisk) => Some(SmallDisk::mount(SERVER_DISK_KIBIBYTES)?),
            _ => None,
        };
        let cluster = match (&disk, trouble) {
            (Some(disk), _) => Some(PostgresCluster::start_below(disk.path())?),
            (None, Some(TroubleKind::Restart)) => Some(PostgresCluster::start()?),
            _ => None,
        };
        let has_own_server = cluster.is_some();
        let server = cluster
            .as_ref()
            .map_or_else(|| server.to_owned(), PostgresCluster::url);
        let url = new_database(&server).await?;
        let mut workers = url.clone();
        let means = match (trouble, cluster, disk) {
            (_, Some(cluster), Some(disk)) => Some(Means::ServerDisk { cluster, disk }),
            (_, Some(cluster), None) => Some(Means::Server(cluster)),
            (Some(TroubleKind::SilentConnection), ..) => {
                let proxy = SilentProxy::to(address_of(&url)?).await?;
                workers = proxy.url_through(&url)?;
                Some(Means::Proxy(proxy))
            }
            (Some(TroubleKind::TerminatedBackends), ..) => Some(Means::Backends(url.clone())),
            _ => None,
        };
        Ok(Self {
            own: StorePlace::Postgres(url.clone()),
            workers: StorePlace::Postgres(workers),
            home: directory.to_owned(),
            means,
            to_drop: (!has_own_server).then_some((server, url)),
        })
    }

    /// Removes the database from a server that outlives it.
    pub(crate) async fn close(self) -> Result<()> {
        match self.to_drop {
            Some((server, url)) => drop_database(&server, &url).await,
            None => Ok(()),
        }
    }
}
