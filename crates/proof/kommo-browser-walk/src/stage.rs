//! Everything that a walk needs, started together.

use core::fmt;

use kommo_oauth::grant::GrantKey;
use kommo_sandbox::{Account, Sandbox, SandboxConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::application::{Application, ApplicationPlace, redirect_uri};
use crate::browser::Browser;
use crate::driver::Driver;
use crate::listener::{bind, serve};
use crate::third_site;
use crate::tls_identity::TlsIdentity;

/// The sandbox, the application, a third site, and a browser that knows them all.
pub struct Stage {
    /// The browser. It goes first.
    pub browser: Browser,
    /// The application.
    pub app: Application,
    /// The platform.
    pub sandbox: Sandbox,
    third_port: u16,
    runtime: Runtime,
    _directory: TempDir,
}

impl Stage {
    /// Starts it. Whoever is connected goes on to the application's page `/done`.
    #[must_use]
    pub fn new(place: ApplicationPlace) -> Self {
        Self::with_success_path(place, Some("/done"))
    }

    /// Starts it, with an application that has no page of its own to go on to.
    #[must_use]
    pub fn without_success_path(place: ApplicationPlace) -> Self {
        Self::with_success_path(place, None)
    }

    fn with_success_path(place: ApplicationPlace, success_path: Option<&str>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory for the store");
        let tls = TlsIdentity::new(ApplicationPlace::Tls.host());
        let (sandbox, app, third_port) = runtime.block_on(async {
            let (app_listener, app_port) = bind().await;
            let (third_listener, third_port) = bind().await;
            let origin = place.origin(app_port);
            let sandbox = platform(redirect_uri(&origin)).await;
            let app = Application::new(&origin, success_path, &sandbox, directory.path()).await;
            let acceptor = (place == ApplicationPlace::Tls).then(|| tls.acceptor.clone());
            serve(app_listener, acceptor, app.router());
            serve(third_listener, None, third_site::router());
            (sandbox, app, third_port)
        });
        let names = [ApplicationPlace::Tls.host(), third_site::HOST]
            .map(|host| format!("{host} 127.0.0.1"));
        let [app_name, third_name] = &names;
        let driver = Driver::start(&[app_name, third_name], &tls.public_key_digest);
        Self {
            browser: Browser::new(driver),
            app,
            sandbox,
            third_port,
            runtime,
            _directory: directory,
        }
    }

    /// The account with this number among the sandbox's own: 0 and 2 are Kommo's, 1 is amoCRM's.
    #[must_use]
    pub fn account(&self, number: usize) -> Account {
        self.sandbox.state().accounts[number].clone()
    }

    /// The third site's page, which opens `address` when its button is clicked.
    #[must_use]
    pub fn third_page(&self, address: &str) -> String {
        let address: String = address.bytes().map(|byte| format!("%{byte:02x}")).collect();
        format!("{}/#{address}", self.third_origin())
    }

    /// The third site's origin.
    #[must_use]
    pub fn third_origin(&self) -> String {
        format!("http://{}:{}", third_site::HOST, self.third_port)
    }

    /// The keys of the grants in the store, all of them usable.
    #[must_use]
    pub fn active_grants(&self) -> Vec<GrantKey> {
        let grants = self.runtime.block_on(self.app.grants());
        grants
            .into_iter()
            .map(|grant| {
                assert_eq!(grant.state.name(), "active");
                grant.key
            })
            .collect()
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("app", &self.app)
            .field("sandbox", &self.sandbox)
            .finish_non_exhaustive()
    }
}

async fn platform(redirect_uri: String) -> Sandbox {
    let config = SandboxConfig {
        redirect_uri,
        follow_wall_clock: true,
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::builder().config(config).start().await;
    let sandbox = sandbox.expect("a sandbox");
    sandbox
        .add_account("sandbox-three.kommo.com")
        .expect("an account");
    sandbox
}
