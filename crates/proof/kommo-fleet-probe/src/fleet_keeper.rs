//! A keeper as a worker has it: the store, the token endpoint over HTTP, the shared clock; no
//! jitter.

use core::time::Duration;

use kommo_account::{ClientId, Endpoints};
use kommo_http::{HttpTokenEndpoint, TransportBuilder};
use kommo_keeper::{Keeper, KeeperSettings};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_store::Lifeboat;

use crate::failure::Result;
use crate::fleet_clock::FleetClock;
use crate::fleet_store::FleetStore;
use crate::worker_order::PlatformOrder;

/// The token endpoint of a worker.
pub(crate) type FleetEndpoint = HttpTokenEndpoint;

/// The keeper of a worker.
pub(crate) type FleetKeeper<S> = Keeper<S>;

impl PlatformOrder {
    pub(crate) fn endpoints(&self) -> Result<Endpoints> {
        Ok(Endpoints::loopback_url(&self.base_url)?)
    }

    pub(crate) fn credentials(&self) -> Result<Credentials> {
        Ok(Credentials::new(
            ClientId::parse(&self.client_id)?,
            ClientSecret::new(&*self.client_secret)?,
            RedirectUri::parse(&self.redirect_uri)?,
        ))
    }

    /// The token endpoint; also used for the calls with a token.
    pub(crate) fn endpoint(&self, clock: FleetClock) -> Result<FleetEndpoint> {
        let endpoint = HttpTokenEndpoint::new(TransportBuilder::new(), self.endpoints()?)?;
        Ok(endpoint.with_clock(clock))
    }
}

/// Pauses are long by the virtual clock, so that fifteen losers do not take the processor from one
/// winner.
pub(crate) fn keeper<S: FleetStore>(
    platform: &PlatformOrder,
    store: S,
    clock: FleetClock,
    endpoint: FleetEndpoint,
    lifeboat: Option<Lifeboat>,
    width: usize,
) -> Result<FleetKeeper<S>> {
    let mut settings = KeeperSettings::new(platform.endpoints()?);
    settings.policy.jitter = Duration::ZERO;
    settings.busy_pause = Duration::from_millis(500);
    settings.wait_at_most = Duration::from_secs(120);
    settings.sweep_width = width;
    let builder = Keeper::builder(store, endpoint, settings)
        .clock(clock)
        .credentials(platform.credentials()?);
    Ok(match lifeboat {
        Some(lifeboat) => builder.lifeboat(lifeboat).build(),
        None => builder.build(),
    })
}
