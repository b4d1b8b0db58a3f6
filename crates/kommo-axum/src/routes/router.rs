//! The routes together.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::routing::{MethodRouter, get, post};

use crate::routes::callback_route::callback;
use crate::routes::disconnect_route::disconnect;
use crate::routes::guarded_answer::guard;
use crate::routes::install_route::install;
use crate::routes::result_route::result;
use crate::routes::script_route::script;
use crate::routes::secrets_route::secrets;
use crate::routes::start_route::start;
use crate::routes::watch_routes::{health, metrics};
use crate::setup::connect::{Connect, InstallHooks};
use kommo_keeper::CodeStore;

impl<S: CodeStore> Connect<S> {
    /// The routes, to be nested in the application's router wherever the Redirect URI leads.
    ///
    /// They do not use the application's state and need no layer. A layer that logs whole addresses
    /// would log codes and states.
    pub fn router<T: Clone + Send + Sync + 'static>(&self) -> Router<T> {
        let settings = &self.inner.settings;
        let paths = &settings.paths;
        let mut router = Router::new()
            .route(&paths.start, once(get(start::<S>)))
            .route(&paths.script, get(script::<S>))
            .route(&paths.callback, once(get(callback::<S>)))
            .route(&paths.result, get(result::<S>))
            .route(&paths.disconnect, once(get(disconnect::<S>)))
            .route(&paths.health, get(health::<S>));
        if settings.install_hooks == InstallHooks::OwnPath {
            router = router.route(&paths.install, once(get(install::<S>)));
        }
        if settings.on_the_fly.is_some() {
            router = router.route(&paths.secrets, post(secrets::<S>));
        }
        if settings.has_metrics {
            router = router.route(&paths.metrics, get(metrics::<S>));
        }
        router.layer(map_response(guard)).with_state(self.clone())
    }
}

/// A GET that does something: a HEAD, which asks what a GET would answer, must not do it.
fn once<S: Clone + Send + Sync + 'static>(route: MethodRouter<S>) -> MethodRouter<S> {
    route.head(|| async { StatusCode::METHOD_NOT_ALLOWED })
}
